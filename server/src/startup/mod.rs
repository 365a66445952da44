//! From settings to a server that listens, and back.

mod folder;
mod running;
mod serve;
mod start;

pub use folder::FolderError;
pub use running::Running;
pub use start::{StartError, start};
