//! Files + context -> jobs with their plans, or diagnostics.

mod caches;
mod cells;
mod containers;
mod entry;
mod file;
pub(crate) mod graph;
mod job;
mod link;
mod mounts;
mod order;
mod output;
mod paths;
mod script;
mod secrets;
mod weight;

pub use entry::compile;
pub(crate) use job::MOST_STEPS;
pub use output::{Compilation, CompiledJob, Concurrency, LeftOut};
