//! Where log bytes lie until the server has them: one file for each step, `DATA/spool/JOB/ATTEMPT/STEP`. A position in the file
//! is the position in the log. Beside it, `STEP.start` says where the container's own output begins, and `STEP.go` how far
//! its tries have come. A process that is killed at any moment leaves files that the next one goes on with.

mod job;
mod mark;
mod mask;
mod needles;
mod notes;
mod step;
mod tail;

#[cfg(test)]
mod tests;

pub use job::{JobSpool, keep_only};
pub use mark::Mark;
pub use mask::Masker;
pub use needles::Needles;
pub use step::{Length, Said, StepLog};
