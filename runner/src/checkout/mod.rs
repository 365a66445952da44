//! From a commit's name to a folder with its files: a bare mirror a repository, and a cache of checked out trees.
//!
//! Nothing of a repository is ever run here: no hook, no filter program, no submodule. A job gets a copy-on-write view
//! or a copy of a tree, never the tree itself.

mod mirror;
mod objects;
mod progress;
mod tree;
mod trees;

pub use trees::{Settings, Tree, Trees};
