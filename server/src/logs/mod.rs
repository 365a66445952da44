//! Logs are files: appended by offset, read by any number of viewers.

mod address;
mod file;
mod files;
mod tail;

pub use address::LogAddress;
pub use files::{AppendError, Logs};
pub use tail::Tail;
