//! Runs one job on an executor: asks the schedule, does what it says, reports what happens.
//!
//! It knows no server: a [`Reporter`](crate::reporter::Reporter) hears the news and takes the logs.

mod act;
mod attend;
mod begin;
mod caches;
mod command;
mod done;
mod driver;
mod files;
mod late;
mod live;
mod logs;
mod meter;
mod outbox;
mod outputs;
mod run;
mod start;
mod words;

#[cfg(test)]
mod tests;

pub use command::Command;
pub use done::{Done, Outcome};
pub use driver::drive;
pub(crate) use start::now;
pub use start::{Setting, Start};
