//! The command line in a directory, with a cache of its own.

use std::{fs, path::Path, process::Stdio};

use bollard::Docker;
use tempfile::TempDir;
use tokio::{process::Command, time::timeout};

use crate::harness::{
    docker,
    server::{binary, clean_environment},
    wait::PATIENCE,
};

/// A desk with a cache of its own, so that nobody else's runs are in the way.
pub(crate) struct Desk {
    pub(crate) cache: TempDir,
    pub(crate) engine: Option<Docker>,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Desk {
    /// On the real engine.
    pub(crate) async fn docker() -> Self {
        Self { cache: tempfile::tempdir().unwrap(), engine: Some(docker::engine().await) }
    }

    /// On the executor that runs nothing.
    pub(crate) fn dummy() -> Self {
        Self { cache: tempfile::tempdir().unwrap(), engine: None }
    }

    pub(crate) fn command(&self, folder: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        clean_environment(&mut command);
        command.args(arguments).current_dir(folder).kill_on_drop(true).stdin(Stdio::null());
        command.env("XDG_CACHE_HOME", self.cache.path());
        if self.engine.is_none() {
            command.env("SLIPWAY_EXECUTOR", "dummy");
        }
        command
    }

    pub(crate) async fn ends(&self, folder: &Path, arguments: &[&str]) -> Ended {
        let output = timeout(PATIENCE, self.command(folder, arguments).output()).await.expect("it ends").unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let code = output.status.code().expect("an exit code");
        Ended { code, stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Runs in a folder; gives the exit code and what was said.
    pub(crate) async fn run(&self, folder: &Path, arguments: &[&str]) -> Ended {
        let ended = self.ends(folder, &[&["run"], arguments].concat()).await;
        assert!(!ended.stderr.contains("panicked"), "{ended:?}");
        ended
    }

    /// The marks of all runs on what they made in Docker.
    pub(crate) fn instances(&self) -> Vec<String> {
        let Ok(places) = fs::read_dir(self.cache.path().join("slipway")) else { return Vec::new() };
        places.filter_map(|place| fs::read_to_string(place.unwrap().path().join("instance")).ok()).collect()
    }

    /// What must be true at the end of a test.
    pub(crate) async fn finish(self) {
        let engine = self.engine.as_ref().expect("a desk on the real engine");
        let instances = self.instances();
        assert!(!instances.is_empty(), "no run had a place");
        for instance in instances {
            assert!(instance.starts_with("desk-"), "{instance}");
            docker::assert_nothing_left(engine, &instance).await;
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if std::thread::panicking() && self.engine.is_some() {
            self.instances().iter().for_each(|instance| docker::clear(instance));
        }
    }
}
