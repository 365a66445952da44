//! YAML text -> a tree of nodes that know their place. Aliases and merge keys are resolved here, within a budget, so that what
//! comes out is small whatever went in.

mod load;
mod merge;
mod node;

pub(crate) use load::load;
pub(crate) use node::{Entry, Node, Scalar, Value};

#[cfg(test)]
mod tests;
