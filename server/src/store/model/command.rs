//! Commands of steps.

use slipway_pipelines::state::Millis;

/// A command of a step that began.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CommandBegan {
    /// Position in the step's commands.
    pub number: usize,
    /// As the pipeline has it.
    pub text: String,
    /// Where its output begins, in bytes of the step's log.
    pub offset: u64,
    /// When.
    pub at: Millis,
}
