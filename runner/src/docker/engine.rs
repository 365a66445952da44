//! The engine's API with deadlines, error classes by status code, and limits on what it is asked to do at once.

use std::{future::Future, sync::Arc, time::Duration};

use bollard::errors::Error;
use tokio::sync::Semaphore;

use crate::executor::Failed;

/// Longest wait for an answer that needs no container started.
pub(super) const QUICK: Duration = Duration::from_secs(60);
/// Longest wait for a create, a start or a removal: a disk full of dirty pages makes these slow.
pub(super) const SLOW: Duration = Duration::from_secs(180);

/// A call to the engine that did not work.
#[derive(Debug, thiserror::Error)]
pub(super) enum EngineError {
    #[error("the Docker engine did not answer within {} s", .0.as_secs())]
    Deadline(Duration),
    #[error("{message}")]
    Refused { status: u16, message: String },
    #[error("{0}")]
    Stream(String),
    #[error("{0}")]
    Transport(Error),
}

impl From<Error> for EngineError {
    fn from(error: Error) -> Self {
        match error {
            Error::DockerResponseServerError { status_code, message } => Self::Refused { status: status_code, message },
            Error::DockerStreamError { error } => Self::Stream(error),
            other => Self::Transport(other),
        }
    }
}

impl EngineError {
    fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            Self::Deadline(_) | Self::Stream(_) | Self::Transport(_) => None,
        }
    }

    /// What was named does not exist.
    pub(super) fn is_missing(&self) -> bool {
        self.status() == Some(404)
    }

    /// It is in another state than the call needs, or the name is taken.
    pub(super) fn is_conflict(&self) -> bool {
        self.status() == Some(409)
    }

    /// The engine refused it for a fault in what was asked.
    pub(super) fn is_refusal(&self) -> bool {
        self.status().is_some_and(|status| (400..500).contains(&status))
    }

    /// As the executor reports it; `what` is a sentence without its end.
    pub(super) fn failed(&self, what: &str) -> Failed {
        Failed::infra(format!("{what}: {self}"))
    }
}

/// Waits for a call, but not for ever.
pub(super) async fn within<T>(
    deadline: Duration,
    call: impl Future<Output = Result<T, Error>>,
) -> Result<T, EngineError> {
    match tokio::time::timeout(deadline, call).await {
        Ok(answer) => answer.map_err(EngineError::from),
        Err(_) => Err(EngineError::Deadline(deadline)),
    }
}

/// A connection to the engine. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Engine {
    pub(super) api: bollard::Docker,
    /// As the engine spells it: `amd64`, `arm64`.
    pub(super) architecture: String,
    /// `linux/amd64`
    pub(super) platform: String,
    /// Whether it has the log driver that keeps bytes as they are.
    pub(super) has_local_log: bool,
    /// Creates and starts at once: more make each slower than they save.
    pub(super) starts: Arc<Semaphore>,
    /// Removals at once. Each may sync the whole disk.
    pub(super) removals: Arc<Semaphore>,
}

/// A client for the engine that the environment names; nothing is asked yet.
fn client() -> Result<bollard::Docker, Failed> {
    bollard::Docker::connect_with_defaults().map_err(|error| {
        Failed::infra(format!("no Docker engine: {error}; start Docker, or set DOCKER_HOST to where it listens"))
    })
}

/// Asks the engine for its version.
///
/// # Errors
///
/// One line for people: no engine answers, and what to do.
pub async fn ping() -> Result<String, Failed> {
    let api = client()?;
    let version = within(Duration::from_secs(10), api.version()).await.map_err(|error| {
        Failed::infra(format!(
            "no Docker engine answers: {error}; start Docker, or set DOCKER_HOST to where it listens"
        ))
    })?;
    Ok(version.version.unwrap_or_else(|| "unknown".to_owned()))
}

impl Engine {
    /// Connects and learns what the engine is.
    pub(super) async fn connect() -> Result<Self, Failed> {
        let no_engine = |error: EngineError| {
            Failed::infra(format!(
                "no Docker engine answers: {error}; start Docker, or set DOCKER_HOST to where it listens"
            ))
        };
        let api = within(QUICK, client()?.negotiate_version()).await.map_err(no_engine)?;
        let version = within(QUICK, api.version()).await.map_err(no_engine)?;
        let info = within(QUICK, api.info()).await.map_err(no_engine)?;
        let architecture = version.arch.unwrap_or_default();
        let cpus = info.ncpu.and_then(|count| usize::try_from(count).ok()).unwrap_or(2);
        Ok(Self {
            platform: format!("{}/{architecture}", version.os.unwrap_or_else(|| "linux".to_owned())),
            architecture,
            has_local_log: info
                .plugins
                .and_then(|plugins| plugins.log)
                .unwrap_or_default()
                .iter()
                .any(|d| d == "local"),
            starts: Arc::new(Semaphore::new(cpus.max(2))),
            removals: Arc::new(Semaphore::new(1)),
            api,
        })
    }
}
