//! The rows: the only SQL. One writer with group commit, readers beside it.

mod error;
pub mod model;
mod surface;

pub use error::StoreError;

/// The database.
#[derive(Clone, Debug)]
pub struct Store {}
