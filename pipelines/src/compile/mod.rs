//! Files + context -> jobs with their plans, or diagnostics.

mod entry;
mod output;

pub use entry::compile;
pub use output::{Compilation, CompiledJob, LeftOut};
