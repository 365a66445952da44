//! `slipway runner` as a process of its own.

use std::time::Duration;

use bollard::Docker;
use tempfile::TempDir;
use tokio::process::Command;

use super::{
    docker,
    process::{Output, Process},
    server::{Server, binary, clean_environment},
};

/// A running runner with its own data folder and its own Docker label.
pub(crate) struct Runner {
    pub(crate) name: String,
    pub(crate) instance: String,
    pub(crate) output: Output,
    engine: Docker,
    url: String,
    token: String,
    slots: u32,
    folder: TempDir,
    process: Process,
}

impl Runner {
    /// Starts one on the real engine.
    pub(crate) async fn start(server: &Server, name: &str, slots: u32) -> Self {
        let engine = docker::engine().await;
        let folder = tempfile::Builder::new().prefix("slipway-e2e-runner-").tempdir().expect("a temporary folder");
        let instance = format!("{}-{name}", server.instance);
        let output = Output::default();
        let (url, token) = (server.api.url.clone(), server.api.token.clone());
        let process = launch(name, &instance, &url, &token, slots, &folder, &output);
        Self { name: name.to_owned(), instance, output, engine, url, token, slots, folder, process }
    }

    /// SIGKILL: its containers stay.
    pub(crate) async fn kill(&mut self) {
        self.process.kill().await;
    }

    /// After [`Runner::kill`]: the same runner again.
    pub(crate) fn start_again(&mut self) {
        self.output = Output::default();
        self.process =
            launch(&self.name, &self.instance, &self.url, &self.token, self.slots, &self.folder, &self.output);
    }

    /// The gentle stop, and what must be true after it.
    pub(crate) async fn finish(mut self) {
        self.process.assert_alive();
        self.process.signal("TERM").await;
        let status = self.process.ended(Duration::from_secs(30)).await;
        let said = self.output.text();
        assert!(status.success(), "runner {} ended with {status}:\n{said}", self.name);
        assert!(!said.contains("panicked at"), "runner {} panicked:\n{said}", self.name);
        docker::assert_nothing_left(&self.engine, &self.instance).await;
    }
}

fn launch(
    name: &str,
    instance: &str,
    url: &str,
    token: &str,
    slots: u32,
    folder: &TempDir,
    output: &Output,
) -> Process {
    let mut command = Command::new(binary());
    clean_environment(&mut command);
    command.args(["runner", "--server", url, "--name", name, "--instance", instance]);
    command.args(["--slots", &slots.to_string(), "--pool", "0"]).arg("--data").arg(folder.path());
    command.env("SLIPWAY_TOKEN", token);
    Process::start(&format!("runner {name}"), command, output.clone())
}

impl Drop for Runner {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- what runner {} said:\n{}---", self.name, self.output.text());
            docker::clear(&self.instance);
        }
    }
}
