//! When things waited.

use slipway_pipelines::state::Millis;

/// When an attempt of a job waited for a runner.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct QueueTimes {
    /// When all else that it needs was there; `None` before, and of attempts that were left out.
    pub ready: Option<Millis>,
    /// When a runner last took it.
    pub granted: Option<Millis>,
}
