//! What the server is told at its start.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use secrecy::SecretString;

use crate::storage::Location;

/// Most bytes that the caches of a repository may have, unless somebody says otherwise: 5 GiB.
pub const DEFAULT_CACHE_LIMIT: u64 = 5 << 30;
/// Most bytes of one artifact, unless somebody says otherwise: 1 GiB.
pub const DEFAULT_ARTIFACT_LIMIT: u64 = 1 << 30;
/// The same of all artifacts of one build: 5 GiB.
pub const DEFAULT_ARTIFACT_BUILD_LIMIT: u64 = 5 << 30;
/// How long artifacts are kept, unless somebody says otherwise: 30 days.
pub const DEFAULT_ARTIFACT_RETENTION: Duration = Duration::from_secs(30 * 24 * 3600);

/// Settings of a server. The command line fills them.
#[derive(Clone, Debug)]
pub struct Config {
    /// Folder of everything that the server keeps. Made if missing, mode 0700, absolute after the start.
    pub data: PathBuf,
    /// Address to listen on. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Base URL under which people and runners reach the server, without a slash at the end.
    /// Empty: `http://` and the address that was bound.
    pub public_url: String,
    /// Version to show.
    pub version: &'static str,
    /// Whether a push to an unknown repository creates it.
    pub push_creates: bool,
    /// Whether a repository's `clone_url` may be a path on this machine.
    pub allow_local_clone: bool,
    /// `sqlite:PATH`, or `None` for `slipway.db` in the data folder.
    pub database: Option<String>,
    /// Where artifacts, caches and finished logs are kept, or `None` for `objects` in the data folder.
    pub storage: Option<Location>,
    /// How long logs are kept. `None`: for ever.
    pub log_retention: Option<Duration>,
    /// Most bytes of one artifact.
    pub artifact_limit: u64,
    /// Most bytes of all artifacts of one build.
    pub artifact_build_limit: u64,
    /// How long artifacts are kept unless their step says otherwise.
    pub artifact_retention: Duration,
    /// The first administrator's API token (`SLIPWAY_ADMIN_TOKEN`). `None`: one is made at the first start.
    pub admin_token: Option<SecretString>,
    /// The token of runners (`SLIPWAY_RUNNER_TOKEN`). `None`: one is made and kept in the data folder.
    pub runner_token: Option<SecretString>,
    /// Most bytes that the caches of a repository may have; 0: none are kept.
    pub cache_limit: u64,
}

impl Config {
    /// The settings of a server on a data folder and an address, all else as by default.
    pub fn new(data: impl Into<PathBuf>, listen: SocketAddr) -> Self {
        Self {
            data: data.into(),
            listen,
            public_url: String::new(),
            version: env!("CARGO_PKG_VERSION"),
            push_creates: true,
            allow_local_clone: false,
            database: None,
            storage: None,
            log_retention: None,
            artifact_limit: DEFAULT_ARTIFACT_LIMIT,
            artifact_build_limit: DEFAULT_ARTIFACT_BUILD_LIMIT,
            artifact_retention: DEFAULT_ARTIFACT_RETENTION,
            admin_token: None,
            runner_token: None,
            cache_limit: DEFAULT_CACHE_LIMIT,
        }
    }

    /// Where bare repositories are: `DATA/git`.
    pub fn git_folder(&self) -> PathBuf {
        self.data.join("git")
    }

    /// The bare repository of a name: `DATA/git/OWNER/NAME.git`.
    pub fn bare_repository(&self, name: &slipway_pipelines::repository::RepositoryName) -> PathBuf {
        self.git_folder().join(name.owner()).join(format!("{}.git", name.name()))
    }
}
