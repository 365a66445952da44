//! The dispatcher: matches waiting runners with queued jobs, and knows the leases in force. The rows are the truth; this
//! is the part of them that must be fast, kept by the commits themselves.

mod board;
mod dispatcher;
mod granting;
mod kept;
mod labels;
#[cfg(test)]
mod tests;

pub use dispatcher::{Dispatcher, Waiting};
pub(crate) use granting::{deadline, run};
pub(crate) use kept::SILENCE;
pub(crate) use labels::fit;
