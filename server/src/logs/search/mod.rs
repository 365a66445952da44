//! Looking for text in a log: line by line, over the text as it is drawn, a piece of the log at a time.

mod feed;
mod found;
mod pattern;
mod scan;
mod sections;
mod trouble;
mod wrong;

pub(crate) use feed::Feed;
pub use found::{Found, Match, Want};
pub use pattern::{Pattern, PatternError};
pub use sections::sections;
pub use trouble::trouble;
pub use wrong::Reach;
