//! The run: schedule on one side, executor and reporter on the other.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use slipway_pipelines::{
    plan::Environment,
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
    caches::Caches,
    command::Command,
    driver::Held,
    late::{Moment, late},
    live::{Happened, Wish, until},
    logs::{LogNews, Logs},
    outbox::Outbox,
    outputs::Outputs,
    start::{Setting, Start, now},
};
use crate::{
    executor::{Executor, Handle},
    reporter::{Fenced, Reporter},
    schedule::{Input, Known, Schedule},
    spool::{JobSpool, Mark, Said},
    workspaces::Unsettled,
};

/// Least time that a service has to become ready after a restart of the runner, which may have taken all of its deadline.
const READY_AFTER_RESTART: Duration = Duration::from_secs(10);

/// A step whose end is decided, with all of its log stored.
type Ended = Result<(usize, StepEvent, Option<u64>), Fenced>;

/// A job under way.
pub(super) struct Run<'a, E: Executor, R> {
    pub(super) executor: Arc<E>,
    pub(super) job: E::Job,
    pub(super) start: Start,
    pub(super) setting: &'a Setting,
    pub(super) spool: Arc<JobSpool>,
    pub(super) logs: Arc<Logs<R>>,
    pub(super) caches: Arc<Caches<R>>,
    pub(super) outbox: Outbox,
    pub(super) schedule: Schedule,
    /// What is wanted of each step that has a task.
    pub(super) wishes: BTreeMap<usize, watch::Sender<Wish>>,
    /// When a step's own shell said its end.
    pub(super) said: BTreeMap<usize, Millis>,
    /// What steps handed over.
    pub(super) outputs: BTreeMap<usize, Environment>,
    /// Lines about that for the ends of their logs.
    pub(super) remarks: BTreeMap<usize, Vec<String>>,
    /// A service that was not ready.
    pub(super) unready: Option<usize>,
    /// Steps whose start was told.
    pub(super) started: BTreeSet<usize>,
    /// The start of a first step was told and heard: from then on the server knows that the job must not run twice.
    pub(super) may_start: watch::Sender<bool>,
    pub(super) deadline: Option<Instant>,
    pub(super) finish: Option<Finish>,
    pub(super) happened: mpsc::UnboundedSender<Happened>,
    pub(super) happenings: mpsc::UnboundedReceiver<Happened>,
    /// What the logs tell. It goes before the end of their step.
    pub(super) log_news: mpsc::UnboundedReceiver<LogNews>,
    pub(super) endings: JoinSet<Ended>,
    pub(super) tasks: &'a mut JoinSet<()>,
    pub(super) telling_end: CancellationToken,
    /// Set when the workspace stays, since a later attempt can go on from where the job failed.
    pub(super) kept: &'a mut Option<Unsettled>,
    pub(super) first: Vec<Input>,
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
        let Beginning { job, spool, logs, log_news, caches, merged, handles, marks } = beginning;
        let plan = Arc::new(start.grant().plan.clone());
        let states = if let Start::Resumed(resume) = &start { &resume.steps[..] } else { &[] };
        let told: BTreeMap<usize, Millis> =
            states.iter().enumerate().filter_map(|(step, state)| Some((step, started(state)?))).collect();
        let outputs = match (&start, &start.grant().kept) {
            (Start::Resumed(resume), _) => resume.outputs.clone(),
            (Start::Fresh(_), Some(kept)) => kept.outputs.clone(),
            (Start::Fresh(_), None) => BTreeMap::new(),
        };
        let (happened, happenings) = mpsc::unbounded_channel();
        let mut first = merged.news;
        if let Start::Resumed(resume) = &start {
            first.extend(resume.stop.clone().map(Input::Stop));
        }
        first.push(Input::Start);
        let mut run = Self {
            executor,
            job,
            setting,
            spool,
            logs,
            caches,
            outbox: Outbox::new(reporter, fenced),
            schedule: Schedule::resumed(plan, &merged.known, &merged.retries, merged.workspace),
            wishes: BTreeMap::new(),
            said: BTreeMap::new(),
            outputs,
            remarks: BTreeMap::new(),
            unready: merged
                .known
                .iter()
                .position(|known| matches!(known, Known::Ended(finish) if finish.reason == Reason::NotReady)),
            started: told.keys().copied().collect(),
            may_start: watch::Sender::new(!told.is_empty()),
            deadline: None,
            finish: None,
            happened,
            happenings,
            log_news,
            endings: JoinSet::new(),
            tasks: &mut held.tasks,
            telling_end: held.telling_end.clone(),
            kept: &mut held.kept,
            first,
            start,
        };
        if let Some(since) = told.values().min() {
            run.deadline = Some(remaining(run.timeout(), *since));
        }
        run.go_on(&merged.known, handles, &marks, &told);
        run
    }

    /// Watches what an earlier process let go, and waits on between tries.
    fn go_on(
        &mut self,
        known: &[Known],
        mut handles: BTreeMap<usize, Handle>,
        marks: &BTreeMap<usize, Mark>,
        told: &BTreeMap<usize, Millis>,
    ) {
        for (step, known) in known.iter().enumerate() {
            match known {
                Known::Running => {
                    let Some(handle) = handles.remove(&step) else { continue };
                    let first = told.get(&step).copied().unwrap_or_else(now);
                    self.tell_started(step, first);
                    let since = match marks.get(&step) {
                        // A later try has its own time.
                        Some(Mark::Goes { retries: 1.., at }) => *at,
                        _ => first,
                    };
                    let life = self.life(step);
                    let mut deadlines = life.deadlines(|timeout| remaining(timeout, since));
                    let least = Instant::now() + READY_AFTER_RESTART;
                    deadlines.ready =
                        deadlines.ready.filter(|_| self.schedule.is_starting(step)).map(|ready| ready.max(least));
                    self.tasks.spawn(life.attend(handle, deadlines, true));
                }
                Known::Pausing { until } => {
                    let life = self.life(step);
                    let pause = Duration::from_millis(u64::try_from(until - now()).unwrap_or(0));
                    self.tasks.spawn(life.pause(Instant::now() + pause));
                }
                Known::Waiting | Known::Ended(_) | Known::Stands(_) => {}
            }
        }
    }

    fn tell_of_log(&mut self, LogNews { step, said, at }: LogNews) {
        self.outbox.tell(match said {
            Said::Command { number, place } => JobNews::Command { step, number, offset: place, at },
            Said::Note(text) => JobNews::Warning { step: Some(step), text },
        });
    }

    pub(super) async fn until_the_end(mut self, mut commands: watch::Receiver<Command>) -> Result<Finish, Fenced> {
        for input in std::mem::take(&mut self.first) {
            self.take(input, now());
        }
        let mut may_stop = true;
        loop {
            if let (Some(finish), true) = (&self.finish, self.endings.is_empty()) {
                let finish = finish.clone();
                let workspace = self.start.grant().workspace();
                // On the list before anybody is told: the next attempt may come before the answer.
                if self.schedule.can_go_on(&finish) {
                    *self.kept = self.setting.keep(workspace);
                }
                let told = self.kept.as_ref().map(|_| workspace);
                self.telling_end.cancel();
                self.outbox.tell(JobNews::Finished { finish: finish.clone(), at: now(), kept: told });
                self.outbox.told().await;
                return Ok(finish);
            }
            tokio::select! {
                Some(happened) = self.happenings.recv() => match happened {
                    Happened::Input(input, at) => self.take(input, at),
                    Happened::Outputs(step, outputs) => self.keep(step, outputs),
                    Happened::Pushed(step, images) => {
                        images.into_iter().for_each(|image| self.outbox.tell(JobNews::Pushed { step, image }));
                    }
                    Happened::Image(step, image) => self.outbox.tell(JobNews::Image { step, image }),
                    Happened::Usage(step, usage) => self.outbox.tell(JobNews::Usage { step, usage }),
                    Happened::Phase(step, time) => self.outbox.tell(JobNews::Phase { step, time }),
                    Happened::Warning(step, text) => self.warn(step, &text),
                    Happened::Remark(step, text) => self.remarks.entry(step).or_default().push(text),
                },
                Some(ended) = self.endings.join_next(), if !self.endings.is_empty() => {
                    while let Ok(news) = self.log_news.try_recv() {
                        self.tell_of_log(news);
                    }
                    if let Ok(ended) = ended {
                        let (step, event, log_bytes) = ended?;
                        self.outbox.tell(JobNews::Step { step, event, log_bytes });
                    }
                }
                Some(news) = self.log_news.recv() => self.tell_of_log(news),
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

    /// Keeps what a step handed over for the steps that need it, and tells it.
    fn keep(&mut self, step: usize, Outputs { values, remarks }: Outputs) {
        self.remarks.entry(step).or_default().extend(remarks);
        if !values.is_empty() {
            self.outbox.tell(JobNews::Outputs { step, values: values.clone() });
        }
        self.outputs.insert(step, values);
    }

    /// Tells a warning about a step; its log ends with it.
    fn warn(&mut self, step: usize, text: &str) {
        let text = self.spool.masked(text);
        self.remarks.entry(step).or_default().push(format!("warning: {text}"));
        self.outbox.tell(JobNews::Warning { step: Some(step), text });
    }

    pub(super) fn late(&self, step: usize) -> Environment {
        let (has_failed, outputs) = (self.schedule.has_failed(), &self.outputs);
        late(self.start.grant(), step, &Moment { machine: &self.setting.machine, has_failed, now: now(), outputs })
    }

    pub(super) fn timeout(&self) -> Duration {
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
