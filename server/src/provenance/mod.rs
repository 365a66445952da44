//! Provenance: what was built from what, where and when, signed with the server's key.
//!
//! An in-toto Statement v1 with SLSA Provenance v1, in a DSSE envelope. It is made of rows when it is asked for: those do
//! not change once a step is over, and ed25519 gives the same signature for the same bytes. No step and no runner sees
//! the key.

mod envelope;
mod key;
mod statement;

pub(crate) use envelope::Envelope;
pub use key::{ProvenanceKey, ProvenanceKeyError};
pub(crate) use statement::{Made, Subject, statement};
