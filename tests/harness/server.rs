//! The real binary as a server, on a free port, with its own data folder and its own Docker label.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use bollard::Docker;
use tempfile::TempDir;
use tokio::process::Command;

use super::{
    api::Api,
    docker,
    process::{Output, Process},
    wait::{PATIENCE, until},
};

/// The binary that was built with the tests, or the one that `SLIPWAY_TEST_BINARY` names.
pub(crate) fn binary() -> PathBuf {
    std::env::var_os("SLIPWAY_TEST_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_slipway").into()).into()
}

/// What runs the steps of a server's builds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// `slipway up` on the real engine.
    Docker,
    /// `slipway up` with the executor that runs nothing.
    Dummy,
    /// `slipway server`: runners come from outside.
    ServerOnly,
}

/// A server to be started.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    kind: Kind,
    environment: Vec<(String, String)>,
}

impl Setup {
    pub(crate) fn new(kind: Kind) -> Self {
        Self { kind, environment: Vec::new() }
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts it and waits until it answers.
    pub(crate) async fn start(self) -> Server {
        let engine = match self.kind {
            Kind::Docker => Some(docker::engine().await),
            Kind::Dummy | Kind::ServerOnly => None,
        };
        let folder = tempfile::Builder::new().prefix("slipway-e2e-").tempdir().expect("a temporary folder");
        let name = unique_name();
        let token = format!("slp_{}", hex::encode(sha256(&format!("{name} {:?}", std::time::SystemTime::now()))));
        let output = Output::default();
        let process = launch(&self, folder.path(), "127.0.0.1:0", &name, &token, &output);
        let mut server = Server {
            api: Api::new(String::new(), token),
            setup: self,
            engine,
            instance: name,
            folder,
            process,
            output,
            login: String::new(),
        };
        server.wait_until_up().await;
        server
    }
}

fn sha256(text: &str) -> [u8; 32] {
    use sha2::Digest;
    sha2::Sha256::digest(text).into()
}

fn unique_name() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(1);
    format!("e2e-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))
}

fn launch(setup: &Setup, folder: &Path, listen: &str, instance: &str, token: &str, output: &Output) -> Process {
    let mut command = Command::new(binary());
    command.arg(if setup.kind == Kind::ServerOnly { "server" } else { "up" });
    command.arg("--data").arg(folder.join("data")).args(["--listen", listen]).current_dir(folder);
    clean_environment(&mut command);
    command.env("SLIPWAY_ADMIN_TOKEN", token).env("SLIPWAY_ALLOW_LOCAL_CLONE", "true");
    if setup.kind != Kind::ServerOnly {
        command.env("SLIPWAY_INSTANCE", instance);
    }
    if setup.kind == Kind::Dummy {
        command.env("SLIPWAY_EXECUTOR", "dummy");
    }
    command.envs(setup.environment.iter().map(|(name, value)| (name, value)));
    Process::start("slipway", command, output.clone())
}

/// Settings of the machine or the person must not change a test.
pub(crate) fn clean_environment(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SLIPWAY_") {
            command.env_remove(name);
        }
    }
}

/// A running server.
pub(crate) struct Server {
    pub(crate) api: Api,
    pub(crate) engine: Option<Docker>,
    /// Value of the label `slipway.instance` on all it makes in Docker.
    pub(crate) instance: String,
    pub(crate) output: Output,
    /// The one-time login link that it printed last.
    pub(crate) login: String,
    setup: Setup,
    folder: TempDir,
    process: Process,
}

impl Server {
    async fn wait_until_up(&mut self) {
        let url = self.process.says("Slipway is up: ").await;
        self.login = self.process.says("Log in (once): ").await;
        self.api = Api::new(url, self.api.token.clone());
        let (api, process) = (&self.api, &mut self.process);
        until("the server to be ready", PATIENCE, async || {
            process.assert_alive();
            match api.get("/readyz").await.status().as_u16() {
                200 => Ok(()),
                other => Err(format!("/readyz says {other}")),
            }
        })
        .await;
    }

    pub(crate) fn docker(&self) -> &Docker {
        self.engine.as_ref().expect("a server on the real engine")
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A folder that lives as long as the server, beside its data.
    pub(crate) fn scratch(&self) -> &Path {
        self.folder.path()
    }

    /// The remote to push a repository to, with the credential in it.
    pub(crate) fn remote(&self, repository: &str) -> String {
        let host = self.api.url.trim_start_matches("http://");
        format!("http://ci:{}@{host}/git/{repository}.git", self.api.token)
    }

    /// SIGKILL. Nothing is said to anybody.
    pub(crate) async fn kill(&mut self) {
        self.process.kill().await;
    }

    /// After [`Server::kill`]: the same data on the same port.
    pub(crate) async fn start_again(&mut self) {
        let listen = self.api.url.trim_start_matches("http://").to_owned();
        self.output = Output::default();
        self.process = launch(&self.setup, self.folder.path(), &listen, &self.instance, &self.api.token, &self.output);
        self.wait_until_up().await;
    }

    /// The gentle stop, and what must be true after it.
    pub(crate) async fn finish(mut self) {
        self.process.assert_alive();
        // What a killed process left goes when the next one's runner has begun.
        let is_quiet = self.setup.environment.iter().any(|(name, _)| name == "SLIPWAY_LOG");
        if self.setup.kind == Kind::Docker && !is_quiet {
            let output = self.output.clone();
            until("the runner to be ready", PATIENCE, async || match output.text() {
                said if said.contains("runner is ready") => Ok(()),
                said => Err(said),
            })
            .await;
        }
        self.process.signal("TERM").await;
        let status = self.process.ended(Duration::from_secs(30)).await;
        let said = self.output.text();
        assert!(status.success(), "the server ended with {status}:\n{said}");
        assert!(!said.contains("panicked at"), "the server panicked:\n{said}");
        if let Some(engine) = &self.engine {
            docker::assert_nothing_left(engine, &self.instance).await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- what the server said:\n{}---", self.output.text());
            if self.engine.is_some() {
                docker::clear(&self.instance);
            }
        }
    }
}
