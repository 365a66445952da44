//! Ctrl-C: the first stops gently, the second at once, the third only this process.

use slipway_pipelines::state::{Finish, Reason};
use slipway_runner::job::Command;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::{mpsc, watch},
};

/// Listens until the process ends.
pub(super) fn listen(commands: watch::Sender<Command>, screen: mpsc::UnboundedSender<String>) -> Result<(), String> {
    let open = |kind| signal(kind).map_err(|error| format!("cannot listen for signals: {error}"));
    let mut interrupt = open(SignalKind::interrupt())?;
    let mut terminate = open(SignalKind::terminate())?;
    tokio::spawn(async move {
        let mut asked = 0;
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            asked += 1;
            let (command, line) = match asked {
                1 => (
                    Command::Stop(Finish::because(Reason::Cancelled)),
                    "stopping: steps have 10 s to end; once more to end them at once",
                ),
                2 => (Command::Drop, "stopping at once"),
                // What is left in Docker is removed by the next run.
                _ => std::process::exit(1),
            };
            commands.send_replace(command);
            let _ = screen.send(line.to_owned());
        }
    });
    Ok(())
}
