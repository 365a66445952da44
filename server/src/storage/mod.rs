//! Where artifacts, caches and finished logs live: a folder, or S3-compatible storage.

mod body;
mod crypto;
mod error;
mod get;
mod leftovers;
mod location;
mod objects;
mod open;
mod put;
#[cfg(test)]
mod tests;
mod upload;

pub use error::StorageError;
pub use get::Object;
pub use location::{Location, LocationError};
pub use objects::{Entry, Storage};
pub use open::StorageOpenError;
pub use put::{Expected, Stored};
