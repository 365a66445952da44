//! The driver's frame: a run that may be taken away at any moment.

use std::sync::Arc;

use tokio::{sync::watch, task::JoinSet};
use tokio_util::sync::CancellationToken;

use super::{
    begin::{self, Begun},
    command::Command,
    done::{Done, Outcome, Saving},
    run::Run,
    start::{Setting, Start},
};
use crate::{
    executor::Executor,
    reporter::{Fenced, Reporter},
    spool::JobSpool,
    workspaces::Unsettled,
};

/// What outlives the run, for the closing.
pub(super) struct Held<J> {
    pub(super) job: Option<J>,
    pub(super) tasks: JoinSet<()>,
    pub(super) spool: Option<Arc<JobSpool>>,
    /// Cancelled once the end is being told: from then on only the answer to it decides whose the job is.
    pub(super) telling_end: CancellationToken,
    /// The workspace is on the list of those that stay.
    pub(super) kept: Option<Unsettled>,
}

/// Runs a job to its end, or until it is taken away. The caller closes what is left.
///
/// A dropped future leaves the containers as they are, to be adopted later.
pub async fn drive<E: Executor, R: Reporter>(
    executor: Arc<E>,
    reporter: R,
    setting: &Setting,
    start: Start,
    commands: watch::Receiver<Command>,
) -> Done<E::Job> {
    let start = start.going_on();
    let fenced = CancellationToken::new();
    let telling_end = CancellationToken::new();
    let mut held = Held { job: None, tasks: JoinSet::new(), spool: None, telling_end: telling_end.clone(), kept: None };
    let mut orders = commands.clone();
    let dropped = async {
        let is_wanted = orders.wait_for(|command| *command == Command::Drop).await.is_ok();
        // The server lets go of a job that it heard the end of, and may say so before it answers to the end.
        if !is_wanted || telling_end.is_cancelled() {
            std::future::pending::<()>().await;
        }
    };
    let saver = Arc::clone(&executor);
    let mut saves = None;
    let run = async {
        match begin::begin(&executor, &reporter, setting, &start, &mut held).await? {
            Begun::Failed(finish) => Ok(finish),
            Begun::Running(beginning) => {
                saves = Some((beginning.job.clone(), Arc::clone(&beginning.caches)));
                let run = Run::new(executor, reporter, setting, start, *beginning, fenced.clone(), &mut held);
                run.until_the_end(commands).await
            }
        }
    };
    let outcome = tokio::select! {
        biased;
        () = dropped => Outcome::Dropped,
        () = fenced.cancelled() => Outcome::Dropped,
        ended = run => match ended {
            Ok(finish) => Outcome::Finished(finish),
            Err(Fenced) => Outcome::Dropped,
        },
    };
    // Of a job that was taken away nothing is kept.
    let saves = saves.filter(|_| matches!(outcome, Outcome::Finished(_)));
    let saving = saves.map(|(job, caches)| Saving::new(async move { caches.save(&*saver, &job).await }));
    Done { outcome, job: held.job, tasks: held.tasks, spool: held.spool, saving, kept: held.kept }
}
