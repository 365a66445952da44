//! `when:` against what happened: fits, or why not, in words.

mod expression;
mod facts;
mod glob;
mod matches;
mod tokens;

pub(crate) use expression::{Expression, Expressions};
pub(crate) use facts::Facts;
pub(crate) use glob::Globs;
pub(crate) use matches::{Unclear, Verdict};
