//! Decides what a job does next. Pure: inputs in, actions out; no clock, no container, no network.
//!
//! A step's turn comes when everything it needs is *met*: a step that the job waits for is met when it is done (its own shell's
//! word is enough), a detached step when it was let go, a service when it was let go and is ready. A try that fails and is followed by
//! another one is no end: nothing is met by it. At its turn it is let go, or left out when its `runs_on` does
//! not fit what happened upstream. While others run, the next ones are prepared ahead.

mod ahead;
mod decide;
mod ends;
mod resume;
mod turns;
mod upstream;
mod verdict;
mod words;

#[cfg(test)]
mod tests;

pub use decide::Schedule;
pub use resume::{Found, Merged, merge};
pub use words::{Action, Again, Input, Known, Workspace};
