//! The run: schedule on one side, executor and reporter on the other.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use slipway_pipelines::{
    plan::{Environment, Image},
    state::{Finish, Millis, Reason, StepEvent, StepState},
    wire::JobNews,
};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use super::{
    begin::Beginning,
    command::Command,
    driver::Held,
    live::{Happened, Life, Wish, stopped, until},
    logs::Logs,
    outbox::Outbox,
    start::{Setting, Start, now},
};
use crate::{
    executor::{Ending, Executor, Failed},
    reporter::{Fenced, Reporter},
    schedule::{Action, Input, Known, Schedule},
    spool::JobSpool,
};

/// Time between SIGTERM and SIGKILL for a step that somebody waits for.
const GRACE: Duration = Duration::from_secs(10);
/// The same for services and detached steps: their data goes with the job, and everybody waits for them.
const SERVICE_GRACE: Duration = Duration::from_millis(500);

/// A step whose end is decided, with all of its log stored.
type Ended = Result<(usize, StepEvent, Option<u64>), Fenced>;

/// A job under way.
pub(super) struct Run<'a, E: Executor, R> {
    executor: Arc<E>,
    job: E::Job,
    start: Start,
    machine: &'a str,
    spool: Arc<JobSpool>,
    logs: Arc<Logs<R>>,
    outbox: Outbox,
    schedule: Schedule,
    /// What is wanted of each step that has a task.
    wishes: BTreeMap<usize, watch::Sender<Wish>>,
    /// When a step's own shell said its end.
    said: BTreeMap<usize, Millis>,
    /// Steps whose start was told.
    started: BTreeSet<usize>,
    /// The start of a first step was told and heard: from then on the server knows that the job must not run twice.
    may_start: watch::Sender<bool>,
    deadline: Option<Instant>,
    finish: Option<Finish>,
    happened: mpsc::UnboundedSender<Happened>,
    happenings: mpsc::UnboundedReceiver<Happened>,
    endings: JoinSet<Ended>,
    tasks: &'a mut JoinSet<()>,
    telling_end: CancellationToken,
    first: Vec<Input>,
}

impl<'a, E: Executor, R: Reporter> Run<'a, E, R> {
    pub(super) fn new(
        executor: Arc<E>,
        reporter: R,
        setting: &'a Setting,
        start: Start,
        beginning: Beginning<E, R>,
        fenced: CancellationToken,
        held: &'a mut Held<E::Job>,
    ) -> Self {
        let Beginning { job, spool, logs, merged, handles } = beginning;
        let plan = Arc::new(start.grant().plan.clone());
        let states = if let Start::Resumed(resume) = &start { &resume.steps[..] } else { &[] };
        let told: BTreeMap<usize, Millis> =
            states.iter().enumerate().filter_map(|(step, state)| Some((step, started(state)?))).collect();
        let (happened, happenings) = mpsc::unbounded_channel();
        let mut first = merged.news;
        if let Start::Resumed(resume) = &start {
            first.extend(resume.stop.clone().map(Input::Stop));
        }
        first.push(Input::Start);
        let mut run = Self {
            executor,
            job,
            machine: &setting.machine,
            spool,
            logs,
            outbox: Outbox::new(reporter, fenced),
            schedule: Schedule::resumed(plan, merged.known.clone(), merged.workspace),
            wishes: BTreeMap::new(),
            said: BTreeMap::new(),
            started: told.keys().copied().collect(),
            may_start: watch::Sender::new(!told.is_empty()),
            deadline: None,
            finish: None,
            happened,
            happenings,
            endings: JoinSet::new(),
            tasks: &mut held.tasks,
            telling_end: held.telling_end.clone(),
            first,
            start,
        };
        if let Some(since) = told.values().min() {
            run.deadline = Some(remaining(run.timeout(), *since));
        }
        for (step, handle) in handles {
            if matches!(merged.known.get(step), Some(Known::Running)) {
                let since = told.get(&step).copied().unwrap_or_else(now);
                run.tell_started(step, since);
                let life = run.life(step);
                let deadline = life.timeout.map(|timeout| remaining(timeout, since));
                run.tasks.spawn(life.go_on(handle, deadline));
            }
        }
        run
    }

    pub(super) async fn until_the_end(mut self, mut commands: watch::Receiver<Command>) -> Result<Finish, Fenced> {
        for input in std::mem::take(&mut self.first) {
            self.take(input, now());
        }
        let mut may_stop = true;
        loop {
            if let (Some(finish), true) = (&self.finish, self.endings.is_empty()) {
                let finish = finish.clone();
                self.telling_end.cancel();
                self.outbox.tell(JobNews::Finished { finish: finish.clone(), at: now() });
                self.outbox.told().await;
                return Ok(finish);
            }
            tokio::select! {
                Some((input, at)) = self.happenings.recv() => self.take(input, at),
                Some(ended) = self.endings.join_next(), if !self.endings.is_empty() => {
                    if let Ok(ended) = ended {
                        let (step, event, log_bytes) = ended?;
                        self.outbox.tell(JobNews::Step { step, event, log_bytes });
                    }
                }
                finish = stop_asked(&mut commands), if may_stop => {
                    may_stop = false;
                    self.take(Input::Stop(finish), now());
                }
                () = until(self.deadline) => {
                    self.deadline = None;
                    let note = format!("the job ran longer than its {} s", self.start.grant().plan.timeout_seconds);
                    self.take(Input::Stop(Finish::with_note(Reason::Timeout, note)), now());
                }
            }
        }
    }

    fn take(&mut self, input: Input, at: Millis) {
        match &input {
            Input::Released(step) => self.tell_started(*step, at),
            Input::Said(step, _) => drop(self.said.insert(*step, at)),
            _ => {}
        }
        for action in self.schedule.apply(input) {
            self.act(action);
        }
    }

    fn act(&mut self, action: Action) {
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
                    let _ = happened.send((input, now()));
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
                self.wish(step, Wish::Run(self.late()));
            }
            Action::Stop(step) => {
                let awaited = self.start.grant().plan.steps.get(step).is_some_and(|step| step.is_awaited());
                self.wish(step, Wish::Stop(if awaited { GRACE } else { SERVICE_GRACE }));
            }
            Action::End(step, finish) => {
                let shipped = self.logs.shipped(step);
                let at = self.said.get(&step).copied().unwrap_or_else(now);
                let event = StepEvent::Finished { finish, at };
                self.endings.spawn(async move { Ok((step, event, shipped.await?)) });
            }
            Action::CancelBuild(step) => self.outbox.tell(JobNews::CancelBuild { step }),
            Action::Finish(finish) => self.finish = Some(finish),
        }
    }

    fn wish(&self, step: usize, wish: Wish) {
        if let Some(wishes) = self.wishes.get(&step) {
            wishes.send_replace(wish);
        }
    }

    fn tell_started(&mut self, step: usize, at: Millis) {
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
            let done = match life.logs.close(step) {
                Some(fault) => Err(Failed::infra(fault)),
                None => done,
            };
            let input = match done {
                Ok(()) => Input::CheckedOut(step),
                Err(failed) => Input::Ended(step, Ending::Failed(failed)),
            };
            let _ = life.happened.send((input, now()));
        });
    }

    fn life(&mut self, step: usize) -> Life<E, R> {
        let wish = watch::Sender::new(Wish::Ready);
        let planned = self.start.grant().plan.steps.get(step);
        let life = Life {
            executor: Arc::clone(&self.executor),
            job: self.job.clone(),
            step,
            logs: Arc::clone(&self.logs),
            spool: Arc::clone(&self.spool),
            wish: wish.subscribe(),
            happened: self.happened.clone(),
            timeout: planned.and_then(|step| step.timeout_seconds).map(Duration::from_secs),
        };
        self.wishes.insert(step, wish);
        life
    }

    fn late(&self) -> Environment {
        let status = if self.schedule.has_failed() { "failure" } else { "success" };
        let started = (now() / 1000).to_string();
        [("CI_MACHINE", self.machine), ("CI_PIPELINE_STATUS", status), ("CI_STEP_STARTED", &started)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    }

    /// Whether the executor builds the step's image when it lets it go: that may take a while, and belongs to the step.
    fn is_built(&self, step: usize) -> bool {
        let planned = self.start.grant().plan.steps.get(step);
        planned.and_then(|step| step.container()).is_some_and(|container| matches!(container.image, Image::Build(_)))
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(self.start.grant().plan.timeout_seconds)
    }
}

fn started(state: &StepState) -> Option<Millis> {
    match state {
        StepState::Pending => None,
        StepState::Running { since } => Some(*since),
        StepState::Finished { started, .. } => *started,
    }
}

/// When a time that began at a wall-clock moment is over. Wall clock only here: an earlier process began it.
fn remaining(timeout: Duration, since: Millis) -> Instant {
    let elapsed = u64::try_from(now() - since).unwrap_or(0);
    Instant::now() + timeout.saturating_sub(Duration::from_millis(elapsed))
}

/// Resolves with what the job is to end as when somebody wants it to stop.
async fn stop_asked(commands: &mut watch::Receiver<Command>) -> Finish {
    let asked = commands
        .wait_for(|command| matches!(command, Command::Stop(_)))
        .await
        .ok()
        .and_then(|command| if let Command::Stop(finish) = &*command { Some(finish.clone()) } else { None });
    match asked {
        Some(finish) => finish,
        None => std::future::pending().await,
    }
}
