//! Encryption of what the database keeps and nobody may read there: secrets, credentials.
//!
//! XChaCha20-Poly1305 with a random nonce for each value. What a value belongs to is authenticated with it, so that a row
//! copied to another repository or name does not open. The key is a file beside the database, never in it.

mod key;
mod seal;
#[cfg(test)]
mod tests;

pub use key::KeyError;
pub use seal::{Kind, SealError, Vault};
