//! Which line is where, and when it came: an index beside each log, and in its archived form.
//!
//! It holds a [`Mark`] for every 16 KiB of text, and for every quarter of a second in which something came. All that it
//! says of lines can be counted again from the text: what is missing of it costs a scan, never an answer. Only the times
//! cannot.

mod file;
mod frame;
mod index;
mod mark;
mod marker;

pub(super) use file::{IndexFile, read, remove};
pub(super) use frame::{decode, encode};
pub use index::LineIndex;
pub(super) use marker::{Marker, count};
