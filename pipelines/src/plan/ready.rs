//! When a service can be talked to.

use serde::{Deserialize, Serialize};

/// What is waited for before the steps that need a service start.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ready {
    /// What tells.
    pub check: ReadyCheck,
    /// Longest wait in seconds, from the service's start; then the service has failed as `not_ready`.
    pub timeout_seconds: u64,
}

/// How readiness shows.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum ReadyCheck {
    /// A shell command inside the service ends with 0: `pg_isready -U postgres`.
    Command {
        /// For `sh -c`.
        command: String,
    },
    /// A program inside the service ends with 0: the `healthcheck` of a compose file.
    Program {
        /// Program and arguments.
        program: Vec<String>,
        /// Longest run of one check.
        timeout_seconds: Option<u64>,
    },
    /// Something accepts TCP connections.
    Port {
        /// In the service.
        port: u16,
    },
    /// The image's own HEALTHCHECK says healthy.
    Health,
}
