//! The beginning of a job: opened, or found again.

use std::{collections::BTreeMap, io, sync::Arc};

use slipway_pipelines::{
    plan::Plan,
    state::{Finish, Reason, StepEvent, StepState},
    wire::{Grant, JobNews},
};
use tokio::sync::mpsc;

use super::{
    caches::Caches,
    driver::Held,
    logs::{LogNews, Logs, Nowhere},
    start::{Setting, Start, now},
};
use crate::{
    executor::{Adopted, Executor, Failed, Handle, LogSink},
    reporter::{Fenced, Reporter},
    schedule::{Found, Known, Merged, Workspace, merge},
    spool::{JobSpool, Mark},
};

/// How a job began.
pub(super) enum Begun<E: Executor, R> {
    Running(Box<Beginning<E, R>>),
    /// It could not; that was reported.
    Failed(Finish),
}

/// What a run begins with.
pub(super) struct Beginning<E: Executor, R> {
    pub(super) job: E::Job,
    pub(super) spool: Arc<JobSpool>,
    pub(super) logs: Arc<Logs<R>>,
    pub(super) log_news: mpsc::UnboundedReceiver<LogNews>,
    pub(super) caches: Arc<Caches<R>>,
    pub(super) merged: Merged,
    /// Of the adopted steps.
    pub(super) handles: BTreeMap<usize, Handle>,
    /// What an earlier process noted of them.
    pub(super) marks: BTreeMap<usize, Mark>,
}

pub(super) async fn begin<E: Executor, R: Reporter>(
    executor: &Arc<E>,
    reporter: &R,
    setting: &Setting,
    start: &Start,
    held: &mut Held<E::Job>,
) -> Result<Begun<E, R>, Fenced> {
    let grant = start.grant();
    let spool = match open_spool(setting, start) {
        Ok(spool) => Arc::new(spool),
        Err(error) => {
            let failed = Failed::infra(format!("the runner cannot write to its data folder: {error}"));
            return fail(reporter, start, failed).await;
        }
    };
    held.spool = Some(Arc::clone(&spool));
    let caches = Arc::new(Caches::new(reporter.clone(), grant, &setting.data, executor.labels()));
    caches.stand(grant);
    let logs = |committed| {
        let (logs, log_news) = Logs::new(Arc::clone(&spool), reporter.clone(), committed);
        (Arc::new(logs), log_news)
    };
    match start {
        Start::Fresh(_) => {
            // Held as soon as it is open: the server may not answer for long.
            let opened = async {
                let opened = executor.open(grant).await;
                held.job = opened.as_ref().ok().cloned();
                opened
            };
            let (opened, committed) = tokio::join!(opened, reporter.committed());
            let job = match opened {
                Ok(job) => job,
                Err(failed) => return fail(reporter, start, failed).await,
            };
            let (logs, log_news) = logs(committed?);
            let merged = first(grant);
            let (handles, marks) = (BTreeMap::new(), BTreeMap::new());
            Ok(Begun::Running(Box::new(Beginning { job, spool, logs, log_news, caches, merged, handles, marks })))
        }
        Start::Resumed(resume) => {
            let (logs, log_news) = logs(reporter.committed().await?);
            let marks = spool.marks(grant.plan.steps.len());
            let adopted = match adopt(executor, grant, &logs, &marks).await {
                Ok(adopted) => adopted,
                Err(failed) => return fail(reporter, start, failed).await,
            };
            held.job = Some(adopted.job.clone());
            let found = Found {
                has_workspace: adopted.has_workspace,
                released: adopted.released.keys().copied().collect(),
                marks,
            };
            let merged = merge(&grant.plan, &resume.steps, &found).with_standing(grant.kept.as_ref());
            let (handles, marks) = (adopted.released, found.marks);
            let beginning = Beginning { job: adopted.job, spool, logs, log_news, caches, merged, handles, marks };
            Ok(Begun::Running(Box::new(beginning)))
        }
    }
}

/// What is known of a job at its beginning: what it goes on with, if anything.
fn first(grant: &Grant) -> Merged {
    let known = vec![Known::Waiting; grant.plan.steps.len()];
    let workspace = if grant.kept.is_some() { Workspace::Ready } else { Workspace::Missing };
    let merged = Merged { known, retries: BTreeMap::new(), workspace, news: Vec::new() };
    merged.with_standing(grant.kept.as_ref())
}

async fn adopt<E: Executor, R: Reporter>(
    executor: &Arc<E>,
    grant: &Grant,
    logs: &Arc<Logs<R>>,
    marks: &BTreeMap<usize, Mark>,
) -> Result<Adopted<E::Job>, Failed> {
    let (logs, marks) = (Arc::clone(logs), marks.clone());
    let log = move |step| -> Box<dyn LogSink> {
        match marks.get(&step) {
            // What is found is of a try whose log is complete.
            Some(Mark::Pauses { .. }) => Box::new(Nowhere),
            Some(Mark::Goes { .. }) | None => logs.rewound(step),
        }
    };
    executor.adopt(grant, &log).await
}

fn open_spool(setting: &Setting, start: &Start) -> io::Result<JobSpool> {
    let grant = start.grant();
    let passwords = grant.registries.iter().map(|login| login.password.clone());
    let masked: Vec<String> = grant.masked.iter().cloned().chain(passwords).collect();
    let spool = JobSpool::open(&setting.data, grant.claim, &masked)?;
    if matches!(start, Start::Fresh(_)) {
        spool.clear()?;
    }
    Ok(spool)
}

/// Ends a job of which nothing can run.
async fn fail<E: Executor, R: Reporter>(reporter: &R, start: &Start, failed: Failed) -> Result<Begun<E, R>, Fenced> {
    let Plan { steps, .. } = &start.grant().plan;
    let finish = Finish::with_note(failed.reason, failed.message);
    let mut news = Vec::new();
    for step in 0..steps.len() {
        let state = match start {
            // Its end is known.
            Start::Fresh(grant) if grant.kept.as_ref().is_some_and(|kept| kept.steps.contains_key(&step)) => continue,
            Start::Fresh(_) => None,
            Start::Resumed(resume) => resume.steps.get(step),
        };
        let end = match state {
            None | Some(StepState::Pending) => Finish::because(Reason::JobEnded),
            Some(StepState::Running { .. }) => finish.clone(),
            Some(StepState::Finished { .. }) => continue,
        };
        let event = StepEvent::Finished { finish: end, at: now() };
        news.push(JobNews::Step { step, event, log_bytes: None });
    }
    news.push(JobNews::Finished { finish: finish.clone(), at: now(), kept: None });
    reporter.tell(news).await?;
    Ok(Begun::Failed(finish))
}
