//! The runner's standing with the server: it presents itself, at its start and whenever the server does not know it.

use std::{path::PathBuf, sync::Arc};

use slipway_pipelines::{
    ids::RunnerId,
    wire::{Disk, Hello, PROTOCOL, Welcome},
};
use tokio::{sync::Mutex, time::Instant};

use crate::{
    backoff::Backoff,
    client::{CallError, Client},
    config::{RunnerConfig, RunnerError},
    disk,
    jobs::Jobs,
    workspaces::Workspaces,
};

/// Speaks for the runner.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) jobs: Jobs,
    pub(crate) workspaces: Arc<Workspaces>,
    hello: Hello,
    server: String,
    /// The runner's data folder.
    data: PathBuf,
    /// How often it was welcomed.
    welcomed: Mutex<u64>,
}

impl Session {
    /// `hello` is said with what the runner holds at the time.
    pub(crate) fn new(client: Client, hello: Hello, config: &RunnerConfig) -> Self {
        Self {
            client,
            jobs: Jobs::default(),
            workspaces: Arc::new(Workspaces::new(usize::try_from(config.keep_failed).unwrap_or(usize::MAX))),
            hello,
            server: config.server_url.clone(),
            data: config.data.clone(),
            welcomed: Mutex::new(0),
        }
    }

    pub(crate) fn runner(&self) -> RunnerId {
        self.hello.runner
    }

    /// The disk of its data folder.
    pub(crate) fn disk(&self) -> Option<Disk> {
        disk::of(&self.data)
    }

    /// The first time: waits for the server as long as it takes. Gives also when the question was sent.
    pub(crate) async fn introduce(&self) -> Result<(Welcome, Instant), RunnerError> {
        let mut welcomed = self.welcomed.lock().await;
        let welcome = self.say(&self.hello).await?;
        *welcomed += 1;
        Ok(welcome)
    }

    /// How often the runner was welcomed: to be given to [`Session::introduce_again`].
    pub(crate) async fn standing(&self) -> u64 {
        *self.welcomed.lock().await
    }

    /// The server does not know the runner. Only one of those who notice it says hello.
    pub(crate) async fn introduce_again(&self, standing: u64) {
        let mut welcomed = self.welcomed.lock().await;
        if *welcomed != standing {
            return;
        }
        let hello = Hello { holding: self.jobs.leased(), ..self.hello.clone() };
        let mut backoff = Backoff::default();
        loop {
            match self.say(&hello).await {
                Ok((welcome, sent)) => {
                    self.jobs.welcome(welcome, sent);
                    *welcomed += 1;
                    return;
                }
                Err(error) => {
                    // Jobs may be running: they end by themselves if this lasts.
                    tracing::error!("{error}");
                    backoff.wait().await;
                }
            }
        }
    }

    async fn say(&self, hello: &Hello) -> Result<(Welcome, Instant), RunnerError> {
        let mut backoff = Backoff::default();
        loop {
            let sent = Instant::now();
            match self.client.hello(hello).await {
                Ok(welcome) => return Ok((welcome, sent)),
                Err(CallError::Unauthorized) => {
                    return Err(RunnerError::Unauthorized { server: self.server.clone() });
                }
                Err(CallError::Protocol) => {
                    return Err(RunnerError::Protocol { server: self.server.clone(), protocol: PROTOCOL });
                }
                Err(CallError::Refused { text, .. }) => {
                    return Err(RunnerError::Refused { server: self.server.clone(), problem: text });
                }
                Err(error) => {
                    if backoff.is_worth_a_line() {
                        tracing::warn!(%error, server = self.server, "waiting for the server");
                    }
                    backoff.wait().await;
                }
            }
        }
    }
}
