//! What is done about each action of the schedule.

use std::{sync::Arc, time::Duration};

use slipway_pipelines::{
    plan::{Files, Image},
    state::{Finish, Millis, Reason, StepEvent},
    wire::JobNews,
};
use tokio::{sync::watch, time::Instant};

use super::{
    live::{Happened, Life, Wish, stopped},
    run::Run,
    start::now,
    words,
};
use crate::{
    executor::{Ending, Executor, Failed},
    reporter::Reporter,
    schedule::{Action, Again, Input},
    spool::Mark,
};

/// Time between SIGTERM and SIGKILL for a step that somebody waits for.
const GRACE: Duration = Duration::from_secs(10);
/// The same for services and detached steps: their data goes with the job, and everybody waits for them.
const SERVICE_GRACE: Duration = Duration::from_millis(500);
/// How much of its log says why a service is not ready.
const TAIL_LINES: usize = 20;
/// The same in bytes.
const TAIL_BYTES: usize = 2048;

impl<E: Executor, R: Reporter> Run<'_, E, R> {
    pub(super) fn act(&mut self, action: Action) {
        match action {
            Action::Checkout(step) => {
                self.tell_started(step, now());
                self.checkout(step);
            }
            Action::EmptyWorkspace => {
                let (executor, job) = (Arc::clone(&self.executor), self.job.clone());
                let happened = self.happened.clone();
                self.tasks.spawn(async move {
                    let made = executor.empty_workspace(&job).await;
                    let input = made.map_or_else(Input::WorkspaceFailed, |()| Input::WorkspaceMade);
                    let _ = happened.send(Happened::Input(input, now()));
                });
            }
            Action::Prepare(step) => {
                let life = self.life(step);
                let mut gate = self.may_start.subscribe();
                self.tasks.spawn(life.live(async move {
                    // The sender lives as long as this task.
                    let _ = gate.wait_for(|may| *may).await;
                }));
            }
            Action::Release(step) => {
                if self.started.is_empty() || self.is_built(step) {
                    self.tell_started(step, now());
                }
                self.wish(step, Wish::Run(self.late(step)));
            }
            Action::Again(step, again) => self.try_again(step, &again),
            Action::Stop(step) => {
                let awaited = self.start.grant().plan.steps.get(step).is_some_and(|step| step.is_awaited());
                self.wish(step, Wish::Stop(if awaited { GRACE } else { SERVICE_GRACE }));
            }
            Action::End(step, finish) => {
                for remark in self.remarks.remove(&step).unwrap_or_default() {
                    self.logs.line(step, &remark);
                }
                if finish.reason == Reason::NotReady {
                    self.unready.get_or_insert(step);
                }
                let shipped = self.logs.shipped(step);
                let at = self.said.get(&step).copied().unwrap_or_else(now);
                let event = StepEvent::Finished { finish: self.masked(finish), at };
                self.endings.spawn(async move { Ok((step, event, shipped.await?)) });
            }
            Action::CancelBuild(step) => self.outbox.tell(JobNews::CancelBuild { step }),
            Action::Finish(finish) => self.finish = Some(self.masked(self.with_tail(finish))),
        }
    }

    fn wish(&self, step: usize, wish: Wish) {
        if let Some(wishes) = self.wishes.get(&step) {
            wishes.send_replace(wish);
        }
    }

    pub(super) fn tell_started(&mut self, step: usize, at: Millis) {
        if !self.started.insert(step) {
            return;
        }
        self.outbox.tell(JobNews::Step { step, event: StepEvent::Started { at }, log_bytes: None });
        if self.started.len() == 1 {
            let told = self.outbox.told();
            let may_start = self.may_start.clone();
            self.tasks.spawn(async move {
                told.await;
                may_start.send_replace(true);
            });
            self.deadline = Some(Instant::now() + self.timeout());
        }
    }

    fn checkout(&mut self, step: usize) {
        let mut life = self.life(step);
        let source = self.start.grant().source.clone();
        self.tasks.spawn(async move {
            let sink = life.logs.sink(step);
            let done = tokio::select! {
                done = life.executor.checkout(&life.job, &source, sink) => done,
                _ = stopped(&mut life.wish) => Err(Failed::new(Reason::Clone, "it was stopped")),
            };
            let done = match life.logs.settle(step) {
                Some(fault) => Err(Failed::infra(fault)),
                None => done,
            };
            let input = match done {
                Ok(()) => Input::CheckedOut(step),
                Err(failed) => Input::Ended(step, Ending::Failed(failed)),
            };
            life.say(input);
        });
    }

    /// Says that there is another try, and begins the pause before it.
    fn try_again(&mut self, step: usize, again: &Again) {
        self.said.remove(&step);
        self.logs.line(step, &words::retry(again));
        let until = now().saturating_add(Millis::try_from(again.delay.as_millis()).unwrap_or(Millis::MAX));
        let marked = self.spool.mark(step, Mark::Pauses { retries: again.retry, until });
        // A restart must not take what the last try wrote for the next one's.
        self.logs.sink(step).begin_container_output();
        let life = self.life(step);
        match marked {
            Ok(()) => drop(self.tasks.spawn(life.pause(Instant::now() + again.delay))),
            Err(error) => {
                let failed = Failed::infra(format!("the runner cannot write to its data folder: {error}"));
                life.say(Input::Failed(step, failed));
            }
        }
    }

    /// What an engine or a registry says of its failures comes from outside: it is masked as logs are.
    fn masked(&self, finish: Finish) -> Finish {
        Finish { note: self.spool.masked(&finish.note), ..finish }
    }

    /// A job that failed for a service that was not ready shows what that said.
    fn with_tail(&self, finish: Finish) -> Finish {
        let Some(step) = self.unready.filter(|_| finish.reason == Reason::NotReady) else { return finish };
        let note = match self.logs.tail(step, TAIL_LINES, TAIL_BYTES) {
            tail if tail.is_empty() => format!("{}; it wrote no log", finish.note),
            tail => format!("{}; its log ends with:\n{tail}", finish.note),
        };
        Finish { note, ..finish }
    }

    pub(super) fn life(&mut self, step: usize) -> Life<E, R> {
        let wish = watch::Sender::new(Wish::Ready);
        let planned = self.start.grant().plan.steps.get(step);
        let life = Life {
            executor: Arc::clone(&self.executor),
            job: self.job.clone(),
            step,
            logs: Arc::clone(&self.logs),
            caches: Arc::clone(&self.caches),
            spool: Arc::clone(&self.spool),
            wish: wish.subscribe(),
            happened: self.happened.clone(),
            timeout: planned.and_then(|step| step.timeout_seconds).map(Duration::from_secs),
            retries: self.schedule.retries(step),
            ready: planned.filter(|step| !step.is_awaited()).and_then(|step| step.container()?.ready.clone()),
            declared: planned.map_or_else(Vec::new, |step| step.outputs.clone()),
            pushes: planned.and_then(|step| step.build()).is_some_and(|build| build.push),
            checkout: self.start.grant().plan.workspace.path.clone(),
            files: planned.map_or_else(Files::default, |step| step.files.clone()),
            is_overdue: false,
        };
        self.wishes.insert(step, wish);
        life
    }

    /// Whether the executor builds or loads the step's image when it lets it go: that may take a while, and belongs to the step.
    fn is_built(&self, step: usize) -> bool {
        let planned = self.start.grant().plan.steps.get(step);
        planned
            .and_then(|step| step.container())
            .is_some_and(|container| matches!(container.image, Image::Build(_) | Image::Load { .. }))
    }
}
