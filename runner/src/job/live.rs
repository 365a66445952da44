//! The life of one step on the executor. Its calls come one after the other, as the executor asks.

use std::{sync::Arc, time::Duration};

use slipway_pipelines::{plan::Environment, state::Millis};
use tokio::{
    sync::{mpsc, watch},
    time::{self, Instant},
};

use super::{logs::Logs, start::now};
use crate::{
    executor::{Ending, Executor, Failed, Handle, Signal},
    reporter::Reporter,
    schedule::Input,
    spool::JobSpool,
};

/// How long a step that is just being let go has to get there before a stop drops it.
const RELEASE_PATIENCE: Duration = Duration::from_secs(2);
/// How long the engine has to confirm the end of a killed step.
const KILL_PATIENCE: Duration = Duration::from_secs(20);

/// What the driver wants of the step. It only ever moves down this list.
#[derive(Clone, Debug)]
pub(super) enum Wish {
    /// Get ready.
    Ready,
    /// Run, with this late environment.
    Run(Environment),
    /// Stop, with this long between SIGTERM and SIGKILL.
    Stop(Duration),
}

/// An input for the schedule, and when it happened.
pub(super) type Happened = (Input, Millis);

/// What the life of a step needs.
pub(super) struct Life<E: Executor, R> {
    pub(super) executor: Arc<E>,
    pub(super) job: E::Job,
    pub(super) step: usize,
    pub(super) logs: Arc<Logs<R>>,
    pub(super) spool: Arc<JobSpool>,
    pub(super) wish: watch::Receiver<Wish>,
    pub(super) happened: mpsc::UnboundedSender<Happened>,
    pub(super) timeout: Option<Duration>,
}

impl<E: Executor, R: Reporter> Life<E, R> {
    /// From its preparation to its end. `may_start` resolves when the first step of the job may be let go.
    pub(super) async fn live(mut self, may_start: impl Future<Output = ()> + Send) {
        let Some(handle) = self.prepare().await else { return };
        self.say(Input::Prepared(self.step));
        let Some(late) = self.word().await else { return };
        tokio::select! {
            () = may_start => {}
            _ = stopped(&mut self.wish) => {
                self.end(Ending::Failed(Failed::infra("it was stopped before it started")));
                return;
            }
        }
        let since = now();
        let started = Instant::now();
        if self.release(&late, since).await {
            let deadline = self.timeout.map(|timeout| started + timeout);
            self.attend(handle, deadline).await;
        }
    }

    /// From its adoption to its end.
    pub(super) async fn go_on(self, handle: Handle, deadline: Option<Instant>) {
        self.attend(handle, deadline).await;
    }

    async fn prepare(&mut self) -> Option<Handle> {
        let sink = self.logs.sink(self.step);
        let prepared = tokio::select! {
            prepared = self.executor.prepare(&self.job, self.step, sink) => prepared,
            _ = stopped(&mut self.wish) => return None,
        };
        prepared.map_err(|failed| self.say(Input::Failed(self.step, failed))).ok()
    }

    /// Waits for the word; `None` when it will not come.
    async fn word(&mut self) -> Option<Environment> {
        let wish = self.wish.wait_for(|wish| !matches!(wish, Wish::Ready)).await.ok()?;
        match &*wish {
            Wish::Run(late) => Some(late.clone()),
            Wish::Ready | Wish::Stop(_) => None,
        }
    }

    /// Lets it go; says whether it runs.
    async fn release(&mut self, late: &Environment, since: Millis) -> bool {
        if let Err(error) = self.spool.mark(self.step) {
            let failed = Failed::infra(format!("the runner cannot write to its data folder: {error}"));
            self.say(Input::Failed(self.step, failed));
            return false;
        }
        let gone = tokio::select! {
            gone = self.executor.release(&self.job, self.step, late) => gone,
            () = async { stopped(&mut self.wish).await; time::sleep(RELEASE_PATIENCE).await } => {
                self.signal(Signal::Kill).await;
                self.end(Ending::Failed(Failed::infra("it was stopped while it started")));
                return false;
            }
        };
        match gone {
            Ok(()) => {
                let _ = self.happened.send((Input::Released(self.step), since));
                true
            }
            Err(failed) => {
                self.say(Input::Failed(self.step, failed));
                false
            }
        }
    }

    /// Watches it until its end, and brings that about when asked.
    async fn attend(mut self, handle: Handle, deadline: Option<Instant>) {
        let Handle { mut said, mut ended } = handle;
        let mut has_said = false;
        let mut is_overdue = false;
        let mut stopping = Stopping::No;
        loop {
            tokio::select! {
                biased;
                ending = wait(&mut ended) => {
                    let ending = ending.unwrap_or_else(|| Ending::Failed(Failed::infra("the executor lost sight of it")));
                    self.end(ending);
                    return;
                }
                code = wait(&mut said), if !has_said => {
                    has_said = true;
                    if let Some(code) = code {
                        self.say(Input::Said(self.step, code));
                    }
                }
                grace = stopped(&mut self.wish), if matches!(stopping, Stopping::No) => {
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
                () = until(deadline), if !is_overdue => {
                    is_overdue = true;
                    self.say(Input::Overdue(self.step));
                }
            }
        }
    }

    async fn signal(&self, signal: Signal) {
        if let Err(error) = self.executor.signal(&self.job, self.step, signal).await {
            tracing::warn!(%error, step = self.step, ?signal, "cannot signal a step");
        }
    }

    /// Says the end, unless its log was lost: then that is the news.
    fn end(&self, ending: Ending) {
        let ending = self.logs.close(self.step).map_or(ending, |fault| Ending::Failed(Failed::infra(fault)));
        self.say(Input::Ended(self.step, ending));
    }

    fn say(&self, input: Input) {
        // A driver that is gone needs no news.
        let _ = self.happened.send((input, now()));
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

/// Resolves when the step is to stop, with its grace; never when the driver is gone, since then the task goes, too.
pub(super) async fn stopped(wish: &mut watch::Receiver<Wish>) -> Duration {
    let grace = wish.wait_for(|wish| matches!(wish, Wish::Stop(_))).await.ok().and_then(|wish| match &*wish {
        Wish::Stop(grace) => Some(*grace),
        Wish::Ready | Wish::Run(_) => None,
    });
    match grace {
        Some(grace) => grace,
        None => std::future::pending().await,
    }
}

/// The value once it is set; `None` if it never will be.
async fn wait<T: Clone>(value: &mut watch::Receiver<Option<T>>) -> Option<T> {
    value.wait_for(Option::is_some).await.ok().and_then(|value| value.clone())
}

pub(super) async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
