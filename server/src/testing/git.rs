//! The real git, in a working tree of its own.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use tempfile::TempDir;
use tokio::process::{Child, Command};

/// A working tree.
pub(crate) struct Git {
    folder: TempDir,
}

/// What a command said.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) good: bool,
    /// Both streams, errors last.
    pub(crate) text: String,
}

impl Git {
    /// An empty one on branch `main`.
    pub(crate) async fn init() -> Self {
        let git = Self { folder: tempfile::tempdir().unwrap() };
        git.ok(&["init", "--quiet", "--initial-branch=main", "."]).await;
        git
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path: PathBuf = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Writes files and commits them.
    pub(crate) async fn commit(&self, message: &str, files: &[(&str, &str)]) -> String {
        for (path, content) in files {
            self.write(path, content);
        }
        self.ok(&["add", "--all"]).await;
        self.ok(&["commit", "--quiet", "--allow-empty", "-m", message]).await;
        self.ok(&["rev-parse", "HEAD"]).await.trim().to_owned()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command
            .args(arguments)
            .current_dir(self.path())
            .env("HOME", self.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_AUTHOR_NAME", "Ada")
            .env("GIT_AUTHOR_EMAIL", "ada@example.org")
            .env("GIT_COMMITTER_NAME", "Ada")
            .env("GIT_COMMITTER_EMAIL", "ada@example.org")
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    pub(crate) fn spawn(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    pub(crate) async fn run(&self, arguments: &[&str]) -> Output {
        let output = self.command(arguments).output().await.unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        Output { good: output.status.success(), text }
    }

    /// Runs a command that must go well.
    pub(crate) async fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments).await;
        assert!(output.good, "git {arguments:?}: {}", output.text);
        output.text
    }
}
