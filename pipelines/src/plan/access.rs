//! What a container may do beyond the usual, and how much of the machine it may take.

use serde::{Deserialize, Serialize};

/// Rights that only trusted repositories have, and the user. Empty for most containers.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Access {
    /// All capabilities and devices. Takes trust in security.
    pub privileged: bool,
    /// `source:destination[:mode]`, a host path or, in Woodpecker's files, a volume of the engine; takes trust in volumes.
    pub volumes: Vec<String>,
    /// `host[:container[:rwm]]`; takes trust in volumes.
    pub devices: Vec<String>,
    /// `path[:options]`
    pub tmpfs: Vec<String>,
    /// IP addresses of name servers; takes trust in network.
    pub dns: Vec<String>,
    /// Search domains; takes trust in network.
    pub dns_search: Vec<String>,
    /// `name:address`; takes trust in network.
    pub extra_hosts: Vec<String>,
    /// Another network than the job's: `none`, `host`, `bridge` or a name. All but `none` take trust in network.
    pub network_mode: Option<String>,
    /// `uid[:gid]` instead of the image's user: `backend_options.docker.user`.
    pub user: Option<String>,
}

/// Limits of one container. `None` is the runner's own limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Resources {
    /// Thousandths of a processor.
    pub cpu_millis: Option<u32>,
    /// Bytes. Beyond it the kernel kills the step, and the reason is `oom_killed`.
    pub memory_bytes: Option<u64>,
    /// Processes and threads.
    pub pids: Option<u32>,
}
