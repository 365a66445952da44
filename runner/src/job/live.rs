//! The life of one step on the executor. Its calls come one after the other, as the executor asks.

use std::{sync::Arc, time::Duration};

use slipway_pipelines::{
    plan::{Environment, Files, Ready},
    state::Millis,
    wire::{PhaseTime, PushedImage, Usage, UsedImage},
};
use tokio::{
    sync::{mpsc, watch},
    time::{self, Instant},
};

use super::{attend::Deadlines, caches::Caches, logs::Logs, outputs::Outputs, start::now};
use crate::{
    executor::{Ending, Executor, Failed, Handle, Signal},
    reporter::Reporter,
    schedule::Input,
    spool::{JobSpool, Mark},
};

/// How long a step that is just being let go has to get there before a stop drops it.
const RELEASE_PATIENCE: Duration = Duration::from_secs(2);

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

/// Something happened to a step.
#[derive(Clone, Debug)]
pub(super) enum Happened {
    /// An input for the schedule, and when it happened.
    Input(Input, Millis),
    /// It handed something over. Comes before the input that lets others go on.
    Outputs(usize, Outputs),
    /// Its container was made from this.
    Image(usize, UsedImage),
    /// What its time goes into besides its run.
    Phase(usize, PhaseTime),
    /// What it takes of the machine. Comes before its end.
    Usage(usize, Usage),
    /// It put images into registries. Comes before its end.
    Pushed(usize, Vec<PushedImage>),
    /// Something about it that people should know and that changes no outcome.
    Warning(usize, String),
    /// A line for the end of its log.
    Remark(usize, String),
}

/// What the life of a step needs.
pub(super) struct Life<E: Executor, R> {
    pub(super) executor: Arc<E>,
    pub(super) job: E::Job,
    pub(super) step: usize,
    pub(super) logs: Arc<Logs<R>>,
    pub(super) caches: Arc<Caches<R>>,
    pub(super) spool: Arc<JobSpool>,
    pub(super) wish: watch::Receiver<Wish>,
    pub(super) happened: mpsc::UnboundedSender<Happened>,
    /// Longest run of one try.
    pub(super) timeout: Option<Duration>,
    /// How often it was tried before.
    pub(super) retries: u32,
    /// When it counts as started.
    pub(super) ready: Option<Ready>,
    /// What it may hand over.
    pub(super) declared: Vec<String>,
    /// Whether it puts images into registries.
    pub(super) pushes: bool,
    /// Where the commit lies in its container.
    pub(super) checkout: String,
    /// What it takes in and what is kept of it.
    pub(super) files: Files,
    /// It ran longer than it may.
    pub(super) is_overdue: bool,
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
        if let Err(failed) = self.take_in().await {
            self.say(Input::Failed(self.step, failed));
            return;
        }
        let since = now();
        let started = Instant::now();
        if self.release(&late, since).await {
            let deadlines = self.deadlines(|timeout| started + timeout);
            self.attend(handle, deadlines, false).await;
        }
    }

    /// The deadlines of a try; `after` gives the moment so long after its start.
    pub(super) fn deadlines(&self, after: impl Fn(Duration) -> Instant) -> Deadlines {
        Deadlines {
            end: self.timeout.map(&after),
            ready: self.ready.as_ref().map(|ready| after(Duration::from_secs(ready.timeout_seconds))),
        }
    }

    /// The pause after a try, and the way cleared for the next one.
    pub(super) async fn pause(mut self, until: Instant) {
        let cleared = tokio::select! {
            cleared = async {
                time::sleep_until(until).await;
                self.executor.again(&self.job, self.step).await
            } => cleared,
            _ = stopped(&mut self.wish) => return,
        };
        self.say(match cleared {
            Ok(()) => Input::Cleared(self.step),
            Err(failed) => Input::Failed(self.step, failed),
        });
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
        if let Err(error) = self.spool.mark(self.step, Mark::Goes { retries: self.retries, at: since }) {
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
                self.say_at(Input::Released(self.step), since);
                true
            }
            Err(failed) => {
                self.say(Input::Failed(self.step, failed));
                false
            }
        }
    }

    pub(super) async fn signal(&self, signal: Signal) {
        if let Err(error) = self.executor.signal(&self.job, self.step, signal).await {
            tracing::warn!(%error, step = self.step, ?signal, "cannot signal a step");
        }
    }

    /// Says the end, unless its log was lost: then that is the news.
    pub(super) fn end(&self, ending: Ending) {
        let ending = self.logs.settle(self.step).map_or(ending, |fault| Ending::Failed(Failed::infra(fault)));
        self.say(Input::Ended(self.step, ending));
    }

    /// Says something that people should know: at the end of the step's log, and on the build.
    pub(super) fn warn(&self, text: String) {
        let _ = self.happened.send(Happened::Warning(self.step, text));
    }

    /// Adds a line to the end of its log.
    pub(super) fn remark(&self, text: String) {
        let _ = self.happened.send(Happened::Remark(self.step, text));
    }

    pub(super) fn say(&self, input: Input) {
        self.say_at(input, now());
    }

    pub(super) fn say_at(&self, input: Input, at: Millis) {
        // A driver that is gone needs no news.
        let _ = self.happened.send(Happened::Input(input, at));
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

pub(super) async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
