//! What a runner is told at its start, and why it may end.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use slipway_pipelines::ids::RunnerId;

use crate::executor::Failed;

/// How a runner is set up.
#[derive(Clone)]
pub struct RunnerConfig {
    /// Where the server is: `http://127.0.0.1:8000`.
    pub server_url: String,
    /// The runner's token.
    pub token: String,
    /// Name for people; steps see it as `CI_MACHINE`.
    pub name: String,
    /// Its own id, the same after each restart.
    pub instance: RunnerId,
    /// Its own data folder. Logs on their way to the server lie in `spool/` in it.
    pub data: PathBuf,
    /// Labels that its owner gave it; they win over those of the executor.
    pub labels: BTreeMap<String, String>,
    /// Most jobs at once.
    pub slots: u32,
    /// Most workspaces of failed jobs that are kept for a retry from the failed step.
    pub keep_failed: u32,
}

impl fmt::Debug for RunnerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunnerConfig")
            .field("server_url", &self.server_url)
            .field("name", &self.name)
            .field("instance", &self.instance)
            .field("data", &self.data)
            .field("labels", &self.labels)
            .field("slots", &self.slots)
            .field("keep_failed", &self.keep_failed)
            .finish_non_exhaustive()
    }
}

/// Why a runner cannot work.
#[derive(Debug, thiserror::Error)]
pub enum RunnerError {
    /// The token is wrong.
    #[error("the server at {server} does not take this runner's token: give it the one that `slipway server` prints")]
    Unauthorized {
        /// Its address.
        server: String,
    },
    /// Server and runner do not speak the same version of the protocol.
    #[error(
        "the server at {server} does not speak runner protocol {protocol}: run the same version of slipway on both"
    )]
    Protocol {
        /// Its address.
        server: String,
        /// Ours.
        protocol: u32,
    },
    /// The server knows the token but will not have this runner: another one came with its id, for example.
    #[error("the server at {server} refuses this runner: {problem}")]
    Refused {
        /// Its address.
        server: String,
        /// What it says.
        problem: String,
    },
    /// The address makes no sense.
    #[error("`{url}` is not the address of a server: {problem}")]
    Address {
        /// As given.
        url: String,
        /// What is wrong.
        problem: String,
    },
    /// The data folder cannot be used.
    #[error("cannot use the runner's data folder {path}: {source}")]
    Data {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The executor cannot say what runs on this machine.
    #[error("cannot list what runs on this machine: {0}")]
    Executor(#[from] Failed),
}
