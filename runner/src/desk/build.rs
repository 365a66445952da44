//! All jobs of a build, each by the runner's own driver, in the order that the server would give them out.

use std::{collections::BTreeMap, fmt, path::PathBuf, sync::Arc, time::Duration};

use slipway_pipelines::{
    compile::CompiledJob,
    ids::JobId,
    lease::Claim,
    plan::Environment,
    state::{Finish, Reason},
    wire::{Grant, RegistryLogin, Source},
};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};
use uuid::Uuid;

use super::{
    caches::Caches,
    decide::{Decision, Standing, decide, upstream},
    kept::Kept,
    news::{Heard, News, ToDesk},
};
use crate::{
    cache::Shelf,
    executor::Executor,
    job::{Command, Done, Outcome, Setting, Start, drive, now},
};

/// What is to be run.
#[derive(Clone)]
pub struct Order {
    /// `owner/name`, for labels of containers.
    pub repository: String,
    /// With their secrets revealed.
    pub jobs: Vec<CompiledJob>,
    /// Where the commit is.
    pub source: Source,
    /// Values that must not appear in a log.
    pub masked: Vec<String>,
    /// Credentials of image registries.
    pub registries: Vec<RegistryLogin>,
    /// Most jobs at once.
    pub at_once: usize,
    /// Which jobs the caller closes.
    pub holds: Holds,
    /// Folder of the caches that all runs share.
    pub caches: PathBuf,
    /// Folder for what steps keep, one in it for each job. Without, later jobs get them, and then they are gone.
    pub artifacts: Option<PathBuf>,
}

/// Whose containers stay when a job ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Holds {
    /// No job's.
    #[default]
    Nothing,
    /// Of those that did not end well.
    Failed,
    /// Of all.
    All,
}

impl fmt::Debug for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Order")
            .field("repository", &self.repository)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

/// What became of it.
#[derive(Debug)]
pub struct Built<J> {
    /// How each job ended.
    pub finishes: Vec<Finish>,
    /// Jobs whose containers are still there.
    pub held: Vec<Held<J>>,
    closings: JoinSet<()>,
}

/// A job that ended, with all that it had.
#[derive(Debug)]
pub struct Held<J> {
    /// Position of the job.
    pub job: usize,
    /// What to close.
    pub done: Done<J>,
}

impl<J> Built<J> {
    /// Waits until the containers of all jobs but the held ones are removed.
    pub async fn closed(&mut self) {
        while self.closings.join_next().await.is_some() {}
    }
}

/// Runs all jobs to their end. `commands` stops them: [`Command::Stop`] as the server would, [`Command::Drop`] at once.
pub async fn build<E: Executor>(
    executor: &Arc<E>,
    setting: &Setting,
    order: Order,
    news: mpsc::Sender<News>,
    commands: watch::Receiver<Command>,
) -> Built<E::Job> {
    // Nobody else writes to the place.
    Shelf::new(&setting.data).clean();
    let (heard, hearing) = mpsc::unbounded_channel();
    let standing = vec![Standing::Waits; order.jobs.len()];
    let run = Run {
        executor,
        setting,
        orders: order.jobs.iter().map(|_| watch::Sender::new(Command::GoOn)).collect(),
        attempts: vec![0; order.jobs.len()],
        outputs: BTreeMap::new(),
        built: Built { finishes: Vec::new(), held: Vec::new(), closings: JoinSet::new() },
        tasks: JoinSet::new(),
        artifacts: Arc::new(Kept::new(order.artifacts.as_deref(), &setting.data, &order.jobs)),
        order,
        standing,
        news,
        heard,
    };
    run.until_the_end(hearing, commands).await
}

struct Run<'a, E: Executor> {
    executor: &'a Arc<E>,
    setting: &'a Setting,
    order: Order,
    standing: Vec<Standing>,
    attempts: Vec<u32>,
    orders: Vec<watch::Sender<Command>>,
    /// What steps gave, by job and step.
    outputs: BTreeMap<(usize, usize), Environment>,
    artifacts: Arc<Kept>,
    tasks: JoinSet<(usize, Option<Done<E::Job>>)>,
    built: Built<E::Job>,
    news: mpsc::Sender<News>,
    heard: mpsc::UnboundedSender<Heard>,
}

impl<E: Executor> Run<'_, E> {
    async fn until_the_end(
        mut self,
        mut hearing: mpsc::UnboundedReceiver<Heard>,
        mut commands: watch::Receiver<Command>,
    ) -> Built<E::Job> {
        let mut commander = true;
        loop {
            self.go_on().await;
            if self.tasks.is_empty() {
                break;
            }
            tokio::select! {
                biased;
                changed = commands.changed(), if commander => {
                    commander = changed.is_ok();
                    let command = commands.borrow_and_update().clone();
                    self.command(&command).await;
                }
                Some(heard) = hearing.recv() => self.hear(heard).await,
                Some(ended) = self.tasks.join_next() => {
                    // What a job said before its end counts before its end.
                    while let Ok(heard) = hearing.try_recv() {
                        self.hear(heard).await;
                    }
                    match ended {
                        Ok((job, Some(done))) => self.ended(job, done).await,
                        Ok((job, None)) => self.start(job),
                        Err(error) => std::panic::resume_unwind(error.into_panic()),
                    }
                }
            }
        }
        self.built.finishes = self
            .standing
            .into_iter()
            .map(|standing| match standing {
                Standing::Ended(finish) => finish,
                Standing::Waits | Standing::Runs => Finish::because(Reason::JobEnded),
            })
            .collect();
        self.built
    }

    /// Begins and leaves out what can be.
    async fn go_on(&mut self) {
        loop {
            let decided = decide(&self.order.jobs, &self.standing, self.order.at_once);
            if decided.is_empty() {
                return;
            }
            for (job, decision) in decided {
                match decision {
                    Decision::Begin => {
                        self.standing[job] = Standing::Runs;
                        self.start(job);
                    }
                    Decision::LeaveOut(finish) => self.end(job, finish).await,
                }
            }
        }
    }

    fn start(&mut self, job: usize) {
        let Some(compiled) = self.order.jobs.get(job) else { return };
        self.attempts[job] += 1;
        let attempt = self.attempts[job];
        let mut inputs = Environment::new();
        for need in upstream(&self.order.jobs, job) {
            let given = self.outputs.range((need, 0)..=(need, usize::MAX));
            given.for_each(|(_, values)| inputs.extend(values.clone()));
        }
        let grant = Grant {
            claim: Claim { job: JobId(Uuid::now_v7()), attempt, epoch: 1 },
            title: format!("{} {}", self.order.repository, compiled.name),
            plan: compiled.plan.clone(),
            source: self.order.source.clone(),
            masked: self.order.masked.clone(),
            registries: self.order.registries.clone(),
            inputs,
            kept: None,
        };
        let caches = Caches::of(&self.order.caches, &self.order.repository);
        let artifacts = Arc::clone(&self.artifacts);
        let reporter = ToDesk { job, news: self.news.clone(), heard: self.heard.clone(), caches, artifacts };
        let (executor, setting) = (Arc::clone(self.executor), self.setting.clone());
        let commands = self.orders[job].subscribe();
        self.tasks.spawn(async move {
            let _ = reporter.news.send(News::Began { job, attempt }).await;
            (job, Some(drive(executor, reporter, &setting, Start::Fresh(grant), commands).await))
        });
    }

    async fn ended(&mut self, job: usize, mut done: Done<E::Job>) {
        let command = self.orders[job].borrow().clone();
        let goes_on = command == Command::GoOn;
        let finish = match (command, &done.outcome) {
            // As on the server: a job that was told to stop ends as that, whatever it was about to end as.
            (Command::Stop(finish), _) => finish,
            (Command::GoOn, Outcome::Finished(finish)) => finish.clone(),
            (Command::Drop, _) | (Command::GoOn, Outcome::Dropped) => Finish::because(Reason::Cancelled),
        };
        let retry = self.order.jobs[job].retry.clone().filter(|retry| retry.wants(&finish, self.attempts[job] - 1));
        let again = retry.filter(|_| goes_on);
        let held = match self.order.holds {
            Holds::Nothing => false,
            Holds::Failed => goes_on && finish.status().is_bad(),
            Holds::All => true,
        };
        if held && again.is_none() {
            // Whoever shows the news waits until no reporter is left.
            done.save().await;
            self.built.held.push(Held { job, done });
        } else {
            let executor = Arc::clone(self.executor);
            self.built.closings.spawn(async move { done.close(&*executor).await });
        }
        match again {
            Some(retry) => {
                self.outputs.retain(|(of, _), _| *of != job);
                if let Err(error) = self.artifacts.forget(job, None) {
                    tracing::warn!(%error, job, "what an attempt kept cannot be removed");
                }
                let mut orders = self.orders[job].subscribe();
                self.tasks.spawn(async move {
                    tokio::select! {
                        () = tokio::time::sleep(Duration::from_secs(retry.delay_seconds)) => {}
                        _ = orders.wait_for(|order| *order != Command::GoOn) => {}
                    }
                    (job, None)
                });
            }
            None => self.end(job, finish).await,
        }
    }

    async fn hear(&mut self, heard: Heard) {
        match heard {
            Heard::Outputs(job, step, values) => drop(self.outputs.insert((job, step), values)),
            Heard::CancelBuild(job, step) => {
                let Some(compiled) = self.order.jobs.get(job) else { return };
                let step = compiled.plan.steps.get(step).map_or("", |step| &step.name);
                let note = format!("step `{step}` of `{}` failed", compiled.name);
                let finish = Finish::with_note(Reason::CancelledByStep, note);
                self.command(&Command::Stop(finish)).await;
            }
        }
    }

    /// Stops what runs, and leaves out what waits.
    async fn command(&mut self, command: &Command) {
        let finish = match command {
            Command::GoOn => return,
            Command::Stop(finish) => finish.clone(),
            Command::Drop => Finish::because(Reason::Cancelled),
        };
        for job in 0..self.standing.len() {
            match self.standing[job] {
                Standing::Waits => self.end(job, finish.clone()).await,
                Standing::Runs => drop(self.orders[job].send_if_modified(|current| {
                    // A drop is the last word; a second stop says nothing new.
                    let changes = *current == Command::GoOn || *command == Command::Drop;
                    if changes {
                        *current = command.clone();
                    }
                    changes
                })),
                Standing::Ended(_) => {}
            }
        }
    }

    async fn end(&mut self, job: usize, finish: Finish) {
        self.standing[job] = Standing::Ended(finish.clone());
        let _ = self.news.send(News::Ended { job, finish, at: now() }).await;
    }
}

#[cfg(test)]
#[path = "build_tests.rs"]
mod tests;
