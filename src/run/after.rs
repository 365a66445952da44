//! What stays when the jobs have ended: a shell for the failed step, workspaces that are kept.

use std::{
    io::{self, IsTerminal},
    path::Path,
};

use slipway_runner::{
    desk::Held,
    docker::{Docker, Size, Terminal},
    dummy::Dummy,
    executor::Executor,
};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use super::board::Place;

/// What only some executors can do.
pub(super) trait Desk: Executor {
    /// Name of the volume with a job's workspace.
    fn volume(&self, job: &Self::Job) -> Option<String>;

    /// A shell where the step ran, at this process's terminal.
    fn shell(&self, job: &Self::Job, step: usize) -> impl Future<Output = Result<(), String>> + Send;
}

impl Desk for Dummy {
    fn volume(&self, _: &Self::Job) -> Option<String> {
        None
    }

    async fn shell(&self, _: &Self::Job, _: usize) -> Result<(), String> {
        Err("nothing ran, so there is no shell".to_owned())
    }
}

impl Desk for Docker {
    fn volume(&self, job: &Self::Job) -> Option<String> {
        Some(self.workspace(job))
    }

    async fn shell(&self, job: &Self::Job, step: usize) -> Result<(), String> {
        let (size, sizes) = watch::channel(window());
        let mut changes = signal(SignalKind::window_change()).map_err(|error| error.to_string())?;
        let follow = async {
            while changes.recv().await.is_some() {
                size.send_replace(window());
            }
            std::future::pending::<()>().await;
        };
        let raw = Raw::enter()?;
        let terminal = Terminal {
            input: Box::pin(tokio::io::stdin()),
            output: Box::pin(tokio::io::stdout()),
            size: sizes,
            kind: std::env::var("TERM").unwrap_or_else(|_| "xterm".to_owned()),
        };
        let ended = tokio::select! {
            ended = Self::shell(self, job, step, terminal) => ended.map_err(|failed| failed.message),
            () = follow => Ok(0),
        };
        drop(raw);
        ended.map(|_| ())
    }
}

/// Whether a person can type into a shell here.
pub(super) fn has_terminal() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

fn window() -> Option<Size> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0 && size.ws_row > 0).then_some(Size { columns: size.ws_col, rows: size.ws_row })
}

/// The terminal in raw mode, until this is dropped.
struct Raw(rustix::termios::Termios);

impl Raw {
    fn enter() -> Result<Self, String> {
        let failed = |error: rustix::io::Errno| format!("cannot use the terminal: {error}");
        let before = rustix::termios::tcgetattr(io::stdin()).map_err(failed)?;
        let mut raw = before.clone();
        raw.make_raw();
        rustix::termios::tcsetattr(io::stdin(), rustix::termios::OptionalActions::Now, &raw).map_err(failed)?;
        Ok(Self(before))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let _ = rustix::termios::tcsetattr(io::stdin(), rustix::termios::OptionalActions::Now, &self.0);
    }
}

/// Opens the shell for the step that failed first, if its job is held.
pub(super) async fn shell<E: Desk>(executor: &E, held: &[Held<E::Job>], failed: Option<(Place, String)>) {
    let Some(((job, step), name)) = failed else { return };
    let Some(job) = held.iter().find(|held| held.job == job).and_then(|held| held.done.job()) else { return };
    eprintln!("a shell where `{name}` ran; services have ended. Leave it with `exit`");
    if let Err(message) = executor.shell(job, step).await {
        eprintln!("error: {message}");
    }
}

/// Says where the workspaces are.
pub(super) fn kept<E: Desk>(executor: &E, held: &[Held<E::Job>]) {
    for volume in held.iter().filter_map(|held| executor.volume(held.done.job()?)) {
        println!("workspace kept: docker run --rm -it -v {volume}:/workspace -w /workspace IMAGE");
        println!("     remove it: docker volume rm {volume}");
    }
}

/// Removes a folder that nobody takes again.
pub(super) fn forget(folder: &Path) {
    let _ = std::fs::remove_dir_all(folder);
}
