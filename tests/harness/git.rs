//! Real `git` in temporary folders.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::ExitStatus,
};

use tempfile::TempDir;
use tokio::{process::Command, time::timeout};

use super::{
    process::{Output, Process},
    wait::PATIENCE,
};

/// A repository with a work tree.
pub(crate) struct Repo {
    folder: TempDir,
}

/// How a push ended, and what the terminal showed.
#[derive(Debug)]
pub(crate) struct Pushed {
    pub(crate) status: ExitStatus,
    pub(crate) terminal: String,
}

impl Repo {
    /// An empty repository on branch `main`.
    pub(crate) async fn init() -> Self {
        let folder = tempfile::Builder::new().prefix("slipway-repo-").tempdir().expect("a temporary folder");
        let repo = Self { folder };
        repo.git(["init", "--quiet", "--initial-branch=main"]).await;
        repo
    }

    /// One commit with these files.
    pub(crate) async fn with(files: &[(&str, &str)]) -> Self {
        let repo = Self::init().await;
        for (path, text) in files {
            repo.write(path, text);
        }
        repo.commit("First commit").await;
        repo
    }

    /// One commit with a pipeline and nothing else.
    pub(crate) async fn with_pipeline(yaml: &str) -> Self {
        Self::with(&[(".slipway.yml", yaml)]).await
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a path inside the repository")).expect("folders are made");
        fs::write(path, text).expect("the file is written");
    }

    /// Commits everything; gives the commit's id.
    pub(crate) async fn commit(&self, message: &str) -> String {
        self.git(["add", "--all"]).await;
        self.git(["commit", "--quiet", "--allow-empty", "--cleanup=verbatim", "--message", message]).await;
        self.git(["rev-parse", "HEAD"]).await
    }

    /// Runs git here; panics when it fails; gives its output without the last line end.
    pub(crate) async fn git<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> String {
        let output = git(self.path()).args(arguments).output().await.expect("git starts");
        let text = |bytes| String::from_utf8_lossy(bytes).trim_end().to_owned();
        assert!(output.status.success(), "git: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// Pushes and waits for the end of the push, which is the end of the build.
    pub(crate) async fn push(&self, remote: &str, reference: &str) -> Pushed {
        let mut push = self.push_live(remote, reference);
        let status = push.ended(PATIENCE).await;
        Pushed { status, terminal: push.output.text() }
    }

    /// Pushes `main`; panics when git does not end with 0.
    pub(crate) async fn push_main(&self, remote: &str) -> Pushed {
        let pushed = self.push(remote, "main").await;
        assert!(pushed.status.success(), "{}: {}", pushed.status, pushed.terminal);
        pushed
    }

    /// Starts a push whose output can be watched.
    pub(crate) fn push_live(&self, remote: &str, reference: &str) -> Process {
        let mut command = git_by(Command::new("env"), self.path());
        // Tests that were started in the background would hand an ignored SIGINT on.
        command.args(["--default-signal=INT", "git", "push", "--progress", remote, reference]);
        Process::start("git push", command, Output::default())
    }

    /// A bare copy beside it, as a plain server would hold it.
    pub(crate) async fn bare_copy(&self, path: &Path) -> PathBuf {
        let (from, to) = (self.path().to_string_lossy(), path.to_string_lossy());
        self.git(["clone", "--quiet", "--bare", from.as_ref(), to.as_ref()]).await;
        path.to_owned()
    }
}

/// Git that reads no settings of this machine and asks nobody.
pub(crate) fn git(folder: &Path) -> Command {
    git_by(Command::new("git"), folder)
}

fn git_by(mut command: Command, folder: &Path) -> Command {
    command
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_AUTHOR_NAME", "Ada Dock")
        .env("GIT_AUTHOR_EMAIL", "ada@dock.example")
        .env("GIT_COMMITTER_NAME", "Ada Dock")
        .env("GIT_COMMITTER_EMAIL", "ada@dock.example")
        .kill_on_drop(true);
    command
}

/// Runs a shell script here with the machine's own tools; gives its whole output.
pub(crate) async fn shell(folder: &Path, script: &str, environment: &[(&str, &str)]) -> (ExitStatus, String) {
    let mut command = Command::new("sh");
    command.args(["-c", script]).current_dir(folder).envs(environment.iter().copied()).kill_on_drop(true);
    let output = timeout(PATIENCE, command.output()).await.expect("the script ends").expect("sh starts");
    let text = [output.stdout, output.stderr].concat();
    (output.status, String::from_utf8_lossy(&text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn pushes_to_a_bare_repository_and_keeps_the_message_as_it_is() {
        let repo = Repo::with(&[("a/b.txt", "x")]).await;
        let message = "#not a comment\n\n  $(id) `id`\n";
        let sha = repo.commit(message).await;
        assert_eq!(sha.len(), 40);
        let target = tempfile::tempdir().unwrap();
        let bare = repo.bare_copy(&target.path().join("r.git")).await;
        repo.write("c", "y");
        let sha = repo.commit("more").await;
        let pushed = repo.push_main(&bare.to_string_lossy()).await;
        assert!(pushed.terminal.contains("main -> main"), "{}", pushed.terminal);
        assert_eq!(repo.git(["ls-remote", &bare.to_string_lossy(), "refs/heads/main"]).await[..40], sha);
        assert_eq!(repo.git(["log", "-1", "--format=%B", "HEAD~1"]).await, message.trim_end());
    }
}
