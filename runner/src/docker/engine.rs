//! The engine's API with deadlines, error classes by status code, and limits on what it is asked to do at once.

use std::{future::Future, sync::Arc, time::Duration};

use bollard::{
    errors::Error,
    models::ContainerCreateBody,
    query_parameters::{CreateContainerOptionsBuilder, RemoveContainerOptionsBuilder, RemoveVolumeOptionsBuilder},
};
use tokio::sync::Semaphore;

use super::{
    builder::{self, Builder},
    credentials,
    raw::Address,
};
use crate::executor::Failed;

/// Longest wait for an answer that needs no container started.
pub(super) const QUICK: Duration = Duration::from_secs(60);
/// Longest wait for a create, a start or a removal: a disk full of dirty pages makes these slow.
pub(super) const SLOW: Duration = Duration::from_secs(180);
/// Longest silence of a registry while an image goes there.
const SILENCE: Duration = Duration::from_secs(300);

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
    #[error("{0}")]
    Broken(String),
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
            Self::Deadline(_) | Self::Stream(_) | Self::Transport(_) | Self::Broken(_) => None,
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

    /// What was asked for can't be.
    pub(super) fn is_wrong(&self) -> bool {
        self.status() == Some(400)
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
    /// Its own name for itself; may be empty.
    pub(super) id: String,
    /// As the engine spells it: `amd64`, `arm64`.
    pub(super) architecture: String,
    /// `linux/amd64`
    pub(super) platform: String,
    /// Whether it has the log driver that keeps bytes as they are.
    pub(super) has_local_log: bool,
    /// Where to talk to its BuildKit; `None`: its classic builder is to be used.
    pub(super) buildkit: Option<Address>,
    /// Longest silence of a registry while an image goes there.
    pub(super) silence: Duration,
    /// Processors that it has.
    pub(super) cpus: u32,
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
    pub(super) async fn connect(builder: Builder) -> Result<Self, Failed> {
        let no_engine = |error: EngineError| {
            Failed::infra(format!(
                "no Docker engine answers: {error}; start Docker, or set DOCKER_HOST to where it listens"
            ))
        };
        let api = within(QUICK, client()?.negotiate_version()).await.map_err(no_engine)?;
        let version = within(QUICK, api.version()).await.map_err(no_engine)?;
        let info = within(QUICK, api.info()).await.map_err(no_engine)?;
        let architecture = version.arch.unwrap_or_default();
        let buildkit = within(QUICK, async { Ok(builder::find(builder, &api.client_version().to_string()).await) });
        let buildkit = buildkit.await.map_err(no_engine)??;
        let cpus = info.ncpu.and_then(|count| u32::try_from(count).ok()).filter(|count| *count > 0).unwrap_or(2);
        Ok(Self {
            platform: format!("{}/{architecture}", version.os.unwrap_or_else(|| "linux".to_owned())),
            id: info.id.clone().unwrap_or_default(),
            architecture,
            has_local_log: info
                .plugins
                .and_then(|plugins| plugins.log)
                .unwrap_or_default()
                .iter()
                .any(|d| d == "local"),
            starts: Arc::new(Semaphore::new(cpus.max(2) as usize)),
            removals: Arc::new(Semaphore::new(1)),
            buildkit,
            silence: SILENCE,
            cpus,
            api: api.with_request_modifier(|mut request| {
                for name in credentials::HEADERS {
                    if let Some(value) = request.headers_mut().get_mut(name)
                        && let Some(respelt) = value.to_str().ok().and_then(|t| credentials::respell(t).parse().ok())
                    {
                        *value = respelt;
                    }
                }
                request
            }),
        })
    }
}

/// What is known of a container.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Status {
    pub(super) is_running: bool,
    /// Whether it ever ran.
    pub(super) was_started: bool,
    pub(super) code: i32,
    pub(super) oom_killed: bool,
}

impl Engine {
    /// Makes a container.
    pub(super) async fn create(&self, name: &str, body: ContainerCreateBody) -> Result<(), EngineError> {
        let _turn = self.starts.acquire().await;
        let options = CreateContainerOptionsBuilder::new().name(name).build();
        within(SLOW, self.api.create_container(Some(options), body)).await.map(|_| ())
    }

    /// Starts a container.
    pub(super) async fn start(&self, name: &str) -> Result<(), EngineError> {
        let _turn = self.starts.acquire().await;
        within(SLOW, self.api.start_container(name, None)).await
    }

    /// Asks what a container is doing.
    pub(super) async fn status(&self, name: &str) -> Result<Status, EngineError> {
        let state = within(QUICK, self.api.inspect_container(name, None)).await?.state.unwrap_or_default();
        Ok(Status {
            is_running: state.running.unwrap_or_default(),
            // The engine says year 1 for never.
            was_started: state.started_at.is_some_and(|at| !at.is_empty() && !at.starts_with("0001-")),
            code: state.exit_code.and_then(|code| i32::try_from(code).ok()).unwrap_or(-1),
            oom_killed: state.oom_killed.unwrap_or_default(),
        })
    }

    pub(super) async fn is_running(&self, name: &str) -> bool {
        self.status(name).await.is_ok_and(|status| status.is_running)
    }

    /// Kills and removes a container with its anonymous volumes. One that does not exist is removed.
    pub(super) async fn remove_container(&self, name: &str) -> Result<(), EngineError> {
        let _turn = self.removals.acquire().await;
        let remove = || {
            let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
            within(SLOW, self.api.remove_container(name, Some(options)))
        };
        persist(remove).await
    }

    /// Removes a network. One that does not exist is removed.
    pub(super) async fn remove_network(&self, name: &str) -> Result<(), EngineError> {
        let _turn = self.removals.acquire().await;
        persist(|| within(SLOW, self.api.remove_network(name))).await
    }

    /// Removes a volume. One that does not exist is removed.
    pub(super) async fn remove_volume(&self, name: &str) -> Result<(), EngineError> {
        let _turn = self.removals.acquire().await;
        let remove = || {
            let options = RemoveVolumeOptionsBuilder::new().force(true).build();
            within(SLOW, self.api.remove_volume(name, Some(options)))
        };
        persist(remove).await
    }
}

/// Tries a removal again: the engine may still be busy with what is to go.
async fn persist<F: Future<Output = Result<(), EngineError>>>(remove: impl Fn() -> F) -> Result<(), EngineError> {
    let mut pause = Duration::from_millis(50);
    loop {
        match remove().await {
            Ok(()) => return Ok(()),
            Err(error) if error.is_missing() => return Ok(()),
            Err(error) if pause > Duration::from_secs(4) => return Err(error),
            Err(_) => tokio::time::sleep(pause).await,
        }
        pause *= 2;
    }
}
