#![doc = include_str!("../README.md")]

pub mod docker;
pub mod dummy;
pub mod executor;
pub mod schedule;

mod config;

pub use config::{RunnerConfig, RunnerError};

use executor::Executor;
use tokio_util::sync::CancellationToken;

/// Takes jobs from the server and runs them until `stop` is cancelled. Containers of running jobs then stay as they are:
/// the next start finds them again.
///
/// # Errors
///
/// The server refuses the runner, or the runner cannot use its own machine. A server that does not answer is waited for.
pub async fn run(config: RunnerConfig, executor: impl Executor, stop: CancellationToken) -> Result<(), RunnerError> {
    tracing::debug!(?config, labels = ?executor.labels(), "runner starts");
    stop.cancelled().await;
    Ok(())
}
