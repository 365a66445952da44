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
    order: Order,
    process: Process,
}

/// How its process is started, also again.
struct Order {
    url: String,
    token: String,
    slots: u32,
    environment: Vec<(String, String)>,
    folder: TempDir,
}

impl Runner {
    /// Starts one on the real engine.
    pub(crate) async fn start(server: &Server, name: &str, slots: u32) -> Self {
        Self::start_with(server, name, slots, &[]).await
    }

    /// The same with variables.
    pub(crate) async fn start_with(server: &Server, name: &str, slots: u32, environment: &[(&str, &str)]) -> Self {
        let engine = docker::engine().await;
        let instance = format!("{}-{name}", server.instance);
        let output = Output::default();
        let order = Order {
            url: server.api.url.clone(),
            token: server.api.token.clone(),
            slots,
            environment: environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            folder: tempfile::Builder::new().prefix("slipway-e2e-runner-").tempdir().expect("a temporary folder"),
        };
        let process = order.launch(name, &instance, &output);
        Self { name: name.to_owned(), instance, output, engine, order, process }
    }

    /// SIGKILL: its containers stay.
    pub(crate) async fn kill(&mut self) {
        self.process.kill().await;
    }

    /// After [`Runner::kill`]: the same runner again.
    pub(crate) fn start_again(&mut self) {
        self.output = Output::default();
        self.process = self.order.launch(&self.name, &self.instance, &self.output);
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

impl Order {
    fn launch(&self, name: &str, instance: &str, output: &Output) -> Process {
        let mut command = Command::new(binary());
        clean_environment(&mut command);
        command.args(["runner", "--server", &self.url, "--name", name, "--instance", instance]);
        command.args(["--slots", &self.slots.to_string(), "--pool", "0"]).arg("--data").arg(self.folder.path());
        command.env("SLIPWAY_TOKEN", &self.token);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        Process::start(&format!("runner {name}"), command, output.clone())
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- what runner {} said:\n{}---", self.name, self.output.text());
            docker::clear(&self.instance);
        }
    }
}
