//! A child process whose output is kept and can be waited for.

use std::{
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
    task::JoinHandle,
    time::timeout,
};

use super::wait::{PATIENCE, until};

/// Where a line came from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stream {
    Standard,
    Error,
}

/// The lines of both streams, in the order of their arrival.
#[derive(Clone, Default, Debug)]
pub(crate) struct Output(Arc<Mutex<Vec<(Stream, String)>>>);

impl Output {
    fn lock(&self) -> MutexGuard<'_, Vec<(Stream, String)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn text(&self) -> String {
        self.lock().iter().map(|(_, line)| format!("{line}\n")).collect()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.lock().iter().map(|(_, line)| line.clone()).collect()
    }

    /// The lines of one stream.
    pub(crate) fn of(&self, stream: Stream) -> Vec<String> {
        self.lock().iter().filter(|(from, _)| *from == stream).map(|(_, line)| line.clone()).collect()
    }

    /// What follows `prefix` in the first line that starts with it.
    pub(crate) fn after(&self, prefix: &str) -> Option<String> {
        self.lock().iter().find_map(|(_, line)| line.strip_prefix(prefix).map(str::to_owned))
    }

    fn follow(&self, from: Stream, stream: impl AsyncRead + Unpin + Send + 'static) -> JoinHandle<()> {
        let lines = self.clone();
        tokio::spawn(async move {
            let mut reader = BufReader::new(stream);
            let mut bytes = Vec::new();
            while matches!(reader.read_until(b'\n', &mut bytes).await, Ok(read) if read > 0) {
                let text = String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']).to_owned();
                lines.lock().push((from, text));
                bytes.clear();
            }
        })
    }
}

/// A running program. Dropped, it is killed.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    child: Child,
    readers: Vec<JoinHandle<()>>,
    pub(crate) output: Output,
}

impl Process {
    /// Starts it with no standard input; appends to `output`.
    pub(crate) fn start(name: &str, mut command: Command, output: Output) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {name}: {error}"));
        let readers = vec![
            output.follow(Stream::Standard, child.stdout.take().expect("standard output is piped")),
            output.follow(Stream::Error, child.stderr.take().expect("standard error is piped")),
        ];
        Self { name: name.to_owned(), child, readers, output }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id().unwrap_or_else(|| panic!("{} is not running any more:\n{}", self.name, self.output.text()))
    }

    /// Panics when it has ended, with what it said.
    pub(crate) fn assert_alive(&mut self) {
        if let Ok(Some(status)) = self.child.try_wait() {
            panic!("{} ended with {status}:\n{}", self.name, self.output.text());
        }
    }

    /// SIGKILL, as the out-of-memory killer or a power cut would; waits until it is gone.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.unwrap_or_else(|error| panic!("cannot kill {}: {error}", self.name));
    }

    /// Sends a signal by its name, `TERM` or `INT`.
    pub(crate) async fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args(["-s", signal, &self.pid().to_string()]).status().await;
        assert!(sent.is_ok_and(|status| status.success()), "cannot send SIG{signal} to {}", self.name);
    }

    /// Waits for its end and for the rest of its output.
    pub(crate) async fn ended(&mut self, limit: Duration) -> ExitStatus {
        let Ok(status) = timeout(limit, self.child.wait()).await else {
            panic!("{} did not end within {limit:?}:\n{}", self.name, self.output.text());
        };
        for reader in self.readers.drain(..) {
            // A grandchild may hold the pipe open.
            let _ = timeout(Duration::from_secs(5), reader).await;
        }
        status.unwrap_or_else(|error| panic!("cannot wait for {}: {error}", self.name))
    }

    /// Waits for a line that starts with `prefix` and gives what follows. Fails at once when the process ends before it.
    pub(crate) async fn says(&mut self, prefix: &str) -> String {
        let output = self.output.clone();
        until(&format!("`{prefix}` from {}", self.name), PATIENCE, async || {
            if let Some(rest) = output.after(prefix) {
                return Ok(rest);
            }
            self.assert_alive();
            Err(output.text())
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Process {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Process::start("a shell", command, Output::default())
    }

    #[tokio::test]
    async fn keeps_both_streams_and_finds_a_line() {
        let mut process = shell("echo one; echo 'ready: here' >&2; exit 3");
        assert_eq!(process.output.after("ready: "), None);
        let status = process.ended(PATIENCE).await;
        assert_eq!(status.code(), Some(3));
        assert_eq!(process.output.after("ready: ").as_deref(), Some("here"));
        assert_eq!(process.output.of(Stream::Standard), ["one"]);
        assert_eq!(process.output.of(Stream::Error), ["ready: here"]);
    }

    #[tokio::test]
    #[should_panic(expected = "ended with")]
    async fn does_not_wait_for_the_dead() {
        shell("echo unwell; exit 1").says("ready: ").await;
    }
}
