//! Logs: files while they are written, appended by offset and read by any number of viewers; objects of the storage once
//! their attempt is over.

mod address;
mod archive;
mod archiver;
mod file;
mod files;
mod folder;
mod frames;
mod gates;
mod lines;
mod search;
mod tail;
mod window;

pub use address::LogAddress;
pub(crate) use archiver::run as run_archiver;
pub use archiver::{ArchiveError, Moved, move_finished, move_one, remove_old};
pub use files::{AppendError, Logs};
pub use lines::LineIndex;
pub use search::{Found, Match, Pattern, PatternError, Reach, Want, sections, trouble};
pub(crate) use tail::unreadable;
pub use tail::{Tail, TailError};
pub use window::Lines;
