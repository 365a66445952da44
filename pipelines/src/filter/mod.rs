//! `when:` against what happened: fits, or why not, in words.

mod facts;
pub(crate) mod glob;
mod matches;

pub(crate) use facts::Facts;
pub(crate) use matches::Verdict;
