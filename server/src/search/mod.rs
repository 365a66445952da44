//! Search across builds: commits and people in rows, names of tests, text in logs. Newest first, a stretch at a time:
//! every answer has a cursor from which the next one goes on.

mod builds;
mod cursor;
mod logs;
mod scan;

pub(crate) use builds::{BuildHits, search_builds};
pub(crate) use cursor::Cursor;
pub(crate) use logs::{LogHit, LogHits, search_logs};
pub(crate) use scan::Needle;
