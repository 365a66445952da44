//! `when:` against what happened: fits, or why not, in words.

mod facts;
mod glob;
mod matches;

pub(crate) use facts::Facts;
pub(crate) use glob::Globs;
pub(crate) use matches::Verdict;
