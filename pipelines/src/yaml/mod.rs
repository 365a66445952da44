//! YAML text -> a tree of nodes that know their place. Aliases and merge keys are resolved here, within a budget, so that what
//! comes out is small whatever went in.

mod advice;
mod load;
mod merge;
mod node;
mod read;

pub(crate) use load::Budget;
pub(crate) use node::{Entry, Node, Scalar, Value};
pub(crate) use read::read;

#[cfg(test)]
mod tests;
