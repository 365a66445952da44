//! Watches a step that was let go, until its end.

use std::{sync::Arc, time::Duration};

use slipway_pipelines::{plan::ReadyCheck, state::Reason};
use tokio::{
    sync::watch,
    time::{self, Instant},
};

use super::{
    live::{Happened, Life, stopped, until},
    meter::Meter,
    outputs,
    start::now,
};
use crate::{
    executor::{Ending, Executor, Failed, Handle, Signal},
    reporter::Reporter,
    schedule::Input,
};

/// How long the engine has to confirm the end of a killed step.
const KILL_PATIENCE: Duration = Duration::from_secs(20);
/// How long a service that cannot become ready has to say its exit code, which tells more.
const END_PATIENCE: Duration = Duration::from_secs(1);
/// How long the reading of outputs may take.
const OUTPUTS_PATIENCE: Duration = Duration::from_secs(30);

/// Most letters of a command in a note.
const COMMAND_LETTERS: usize = 80;

/// Until when something must have happened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadlines {
    /// Its end.
    pub(super) end: Option<Instant>,
    /// A service is ready; `None` when nobody waits for that.
    pub(super) ready: Option<Instant>,
}

impl<E: Executor, R: Reporter> Life<E, R> {
    /// Watches it until its end, and brings that about when asked. `is_found`: it was let go by an earlier process.
    pub(super) async fn attend(mut self, handle: Handle, deadlines: Deadlines, is_found: bool) {
        let Handle { mut said, mut ended, mut image, mut phases } = handle;
        let mut phases_told = 0;
        let mut has_image = false;
        let mut has_said = false;
        let mut stopping = Stopping::No;
        let mut starting = deadlines.ready.map_or(Starting::No, Starting::Asked);
        let (executor, job, step) = (Arc::clone(&self.executor), self.job.clone(), self.step);
        let mut meter = Meter::new(Arc::clone(&executor), job.clone(), step, is_found);
        let mut ready = std::pin::pin!(async move { executor.ready(&job, step).await });
        loop {
            tokio::select! {
                biased;
                time = next(&mut phases, phases_told) => {
                    phases_told += 1;
                    let _ = self.happened.send(Happened::Phase(self.step, time));
                }
                used = wait(&mut image), if !has_image => {
                    has_image = true;
                    if let Some(used) = used {
                        let _ = self.happened.send(Happened::Image(self.step, used));
                    }
                }
                ending = wait(&mut ended) => {
                    let ending = ending.unwrap_or_else(|| Ending::Failed(Failed::infra("the executor lost sight of it")));
                    let is_well = matches!(ending, Ending::Exited { code: 0, .. });
                    if let Some(usage) = meter.rest() {
                        let _ = self.happened.send(Happened::Usage(self.step, usage));
                    }
                    let failed = if has_said { None } else { self.hand_over(is_well).await.err() };
                    self.end(failed.map_or(ending, Ending::Failed));
                    return;
                }
                code = wait(&mut said), if !has_said => {
                    has_said = true;
                    let at = now();
                    if let Err(failed) = self.hand_over(code == Some(0)).await {
                        self.end(Ending::Failed(failed));
                        return;
                    }
                    if let Some(code) = code {
                        self.say_at(Input::Said(self.step, code), at);
                    }
                }
                grace = stopped(&mut self.wish), if matches!(stopping, Stopping::No) => {
                    starting = Starting::No;
                    self.signal(Signal::Term).await;
                    stopping = Stopping::Term(Instant::now() + grace);
                }
                () = until(stopping.deadline()) => match stopping {
                    Stopping::Term(_) => {
                        self.signal(Signal::Kill).await;
                        stopping = Stopping::Kill(Instant::now() + KILL_PATIENCE);
                    }
                    Stopping::No | Stopping::Kill(_) => {
                        self.end(Ending::Failed(Failed::infra("the engine did not end it when it was killed")));
                        return;
                    }
                },
                usage = meter.next() => {
                    let _ = self.happened.send(Happened::Usage(self.step, usage));
                }
                done = &mut ready, if matches!(starting, Starting::Asked(_)) => match done {
                    Ok(()) => {
                        starting = Starting::No;
                        self.say(Input::Ready(self.step));
                    }
                    Err(failed) => starting = Starting::Refused(failed, Instant::now() + END_PATIENCE),
                },
                () = until(starting.deadline()) => {
                    let failed = match std::mem::replace(&mut starting, Starting::No) {
                        Starting::Refused(failed, _) => failed,
                        Starting::No | Starting::Asked(_) => self.too_late(),
                    };
                    self.say(Input::NotReady(self.step, failed));
                }
                () = until(deadlines.end), if !self.is_overdue => {
                    self.is_overdue = true;
                    self.say(Input::Overdue(self.step));
                }
            }
        }
    }

    /// Hands on what the step has for others, before anybody hears of its end.
    async fn hand_over(&mut self, ended_well: bool) -> Result<(), Failed> {
        if self.pushes {
            // Also of a step that failed later: what is in a registry is there.
            let pushed = self.executor.pushed(&self.job, self.step).await;
            let _ = self.happened.send(Happened::Pushed(self.step, pushed));
        }
        if ended_well && !self.declared.is_empty() {
            self.hand_outputs().await?;
        }
        self.keep(ended_well).await
    }

    /// Reads its outputs and gives them to the driver.
    async fn hand_outputs(&self) -> Result<(), Failed> {
        let read = time::timeout(OUTPUTS_PATIENCE, self.executor.outputs(&self.job, self.step)).await;
        let bytes = match read {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(failed)) => {
                return Err(Failed { message: format!("its outputs cannot be read: {failed}"), ..failed });
            }
            Err(_) => return Err(Failed::infra("its outputs cannot be read: the engine does not give them")),
        };
        let outputs = outputs::read(&bytes, &self.declared, |value| self.spool.has_secret(value));
        let _ = self.happened.send(Happened::Outputs(self.step, outputs));
        Ok(())
    }

    /// What a service failed to do in time.
    fn too_late(&self) -> Failed {
        let Some(ready) = &self.ready else { return Failed::new(Reason::NotReady, "it was not ready in time") };
        let within = format!("within {} s", ready.timeout_seconds);
        Failed::new(
            Reason::NotReady,
            match &ready.check {
                ReadyCheck::Command { command } => format!("`{}` did not succeed {within}", short(command)),
                ReadyCheck::Program { program, .. } => {
                    format!("`{}` did not succeed {within}", short(&program.join(" ")))
                }
                ReadyCheck::Port { port } => format!("port {port} did not open {within}"),
                ReadyCheck::Health => format!("its HEALTHCHECK did not say healthy {within}"),
            },
        )
    }
}

/// Enough of a command to know it by.
fn short(command: &str) -> String {
    let line = command.trim().lines().next().unwrap_or_default();
    let mut short: String = line.chars().take(COMMAND_LETTERS).collect();
    if short.len() < command.trim().len() {
        short.push('…');
    }
    short
}

/// How far a service is.
enum Starting {
    /// It is ready, or it does not matter.
    No,
    /// To be ready then.
    Asked(Instant),
    /// It never will be; that is said then.
    Refused(Failed, Instant),
}

impl Starting {
    fn deadline(&self) -> Option<Instant> {
        match self {
            Self::No => None,
            Self::Asked(deadline) | Self::Refused(_, deadline) => Some(*deadline),
        }
    }
}

enum Stopping {
    No,
    /// SIGTERM was sent; SIGKILL follows then.
    Term(Instant),
    /// SIGKILL was sent; given up then.
    Kill(Instant),
}

impl Stopping {
    fn deadline(&self) -> Option<Instant> {
        match self {
            Self::No => None,
            Self::Term(deadline) | Self::Kill(deadline) => Some(*deadline),
        }
    }
}

/// The value once it is set; `None` if it never will be.
async fn wait<T: Clone>(value: &mut watch::Receiver<Option<T>>) -> Option<T> {
    value.wait_for(Option::is_some).await.ok().and_then(|value| value.clone())
}

/// The next of a list that grows; never when nobody adds to it any more.
async fn next<T: Clone>(list: &mut watch::Receiver<Vec<T>>, seen: usize) -> T {
    let found = list.wait_for(|list| list.len() > seen).await.ok().and_then(|list| list.get(seen).cloned());
    match found {
        Some(item) => item,
        None => std::future::pending().await,
    }
}
