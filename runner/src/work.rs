//! The runner's slots: each takes one job after the other.

use std::{sync::Arc, time::Duration};

use slipway_pipelines::{
    lease::Claim,
    wire::{Next, Resume},
};
use tokio::{
    sync::RwLock,
    task::JoinSet,
    time::{self, Instant},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    backoff::Backoff,
    client::CallError,
    executor::Executor,
    job::{Command, Outcome, Setting, Start, drive},
    remote::Remote,
    session::Session,
    workspaces::Taken,
};

/// How long a stopping runner waits for the removal of jobs that ended just before.
const CLOSING: Duration = Duration::from_secs(10);

/// How often it is looked for workspaces whose time is over.
const TICK: Duration = Duration::from_secs(15);

/// All that the slots share.
pub(crate) struct Worker<E> {
    pub(crate) executor: Arc<E>,
    pub(crate) session: Arc<Session>,
    pub(crate) setting: Setting,
    /// Removals under way.
    pub(crate) closings: TaskTracker,
    /// Held for writing by a sweep: a job that begins meanwhile would be swept away.
    pub(crate) sweeping: RwLock<()>,
    pub(crate) stop: CancellationToken,
}

impl<E: Executor> Worker<E> {
    /// Works until it is to stop, beginning with what an earlier process left; `held` is when their leases were renewed.
    pub(crate) async fn work(self: Arc<Self>, slots: u32, resumed: Vec<Resume>, held: Instant) {
        let mut tasks = JoinSet::new();
        let mut resumed = resumed.into_iter();
        for _ in 0..slots.max(1) {
            tasks.spawn(Arc::clone(&self).slot(resumed.next(), held));
        }
        for more in resumed {
            let worker = Arc::clone(&self);
            tasks.spawn(async move { worker.take(Start::Resumed(more), held).await });
        }
        let mut tick = time::interval(TICK);
        tick.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = self.stop.cancelled() => break,
                _ = tick.tick() => {
                    let workspaces = &self.session.workspaces;
                    let has_room = workspaces.has_room(self.session.disk());
                    let gone = if has_room { workspaces.overdue() } else { workspaces.take_all() };
                    gone.into_iter().for_each(|one| self.discard(one));
                }
                Some(ended) = tasks.join_next() => {
                    if let Err(error) = ended {
                        tracing::error!(%error, "a slot failed and starts again");
                        tasks.spawn(Arc::clone(&self).slot(None, Instant::now()));
                    }
                }
            }
        }
        tasks.shutdown().await;
        self.session.workspaces.take_all().into_iter().for_each(|one| self.discard(one));
        self.closings.close();
        let closed = async {
            self.closings.wait().await;
            // Of a job that was taken away and closed just now, or whose slot went down with one that it had taken.
            for workspace in self.executor.keeps() {
                self.executor.discard(workspace).await;
            }
        };
        if time::timeout(CLOSING, closed).await.is_err() {
            tracing::warn!("some ended jobs are not removed yet: the next start does it");
        }
    }

    async fn slot(self: Arc<Self>, first: Option<Resume>, held: Instant) {
        if let Some(resume) = first {
            self.take(Start::Resumed(resume), held).await;
        }
        let mut backoff = Backoff::default();
        loop {
            let standing = self.session.standing().await;
            let sent = Instant::now();
            let next = Next {
                runner: self.session.runner(),
                kept: self.session.workspaces.claims(),
                disk: self.session.disk(),
            };
            match self.session.client.next(&next).await {
                Ok(Some(grant)) => {
                    backoff = Backoff::default();
                    self.take(Start::Fresh(grant), sent).await;
                }
                Ok(None) => backoff = Backoff::default(),
                Err(CallError::Unknown) => self.session.introduce_again(standing).await,
                Err(error) => {
                    if backoff.is_worth_a_line() {
                        tracing::warn!(%error, "cannot ask for a job");
                    }
                    backoff.wait().await;
                }
            }
        }
    }

    /// Runs one job. Returns when the slot is free again; the removal goes on.
    async fn take(self: &Arc<Self>, start: Start, renewed: Instant) {
        let claim = start.grant().claim;
        tracing::info!(%claim, title = start.grant().title, resumed = matches!(start, Start::Resumed(_)), "job begins");
        let leased = Leased { worker: Arc::clone(self), claim };
        let commands = self.session.jobs.add(claim, start.grant().workspace(), renewed);
        drop(self.sweeping.read().await);
        let kept = start.grant().kept.as_ref().map(|kept| kept.workspace);
        let workspace = start.grant().workspace();
        self.session.workspaces.outdated(claim.job, workspace).into_iter().for_each(|one| self.discard(one));
        if let Some(taken) = self.session.workspaces.take(workspace) {
            let mut orders = commands.clone();
            tokio::select! {
                () = taken.settled() => {}
                _ = orders.wait_for(|command| *command != Command::GoOn) => self.session.workspaces.put_back(taken),
            }
        }
        let remote = Remote::new(self.session.client.clone(), claim);
        let done = drive(Arc::clone(&self.executor), remote, &self.setting, start, commands).await;
        self.session.jobs.closing(claim);
        match &done.outcome {
            Outcome::Finished(finish) => tracing::info!(%claim, reason = finish.reason.as_str(), "job ended"),
            Outcome::Dropped => tracing::warn!(%claim, "job was taken away"),
        }
        let is_dropped = done.outcome == Outcome::Dropped;
        // Who takes a job away that goes on may give it to us again; the workspace is nobody else's.
        let stays = kept.is_some() && is_dropped;
        if done.job().is_some() && !stays && !done.keeps() {
            self.session.workspaces.forget(workspace);
        }
        let worker = Arc::clone(self);
        self.closings.spawn(async move {
            if done.keeps() || stays && done.job().is_some() {
                let unsettled = stays.then(|| worker.session.workspaces.add(workspace));
                done.keep(&*worker.executor).await;
                drop(unsettled);
            } else {
                done.close(&*worker.executor).await;
                // One that did not come to have its workspace leaves it for the next try.
                if kept.is_some() && worker.executor.keeps().contains(&workspace) {
                    worker.session.workspaces.add(workspace);
                }
            }
            drop(leased);
            worker.session.workspaces.surplus().into_iter().for_each(|one| worker.discard(one));
            if is_dropped {
                worker.sweep().await;
            }
        });
    }

    /// Removes a workspace that was kept, in the background.
    fn discard(self: &Arc<Self>, taken: Taken) {
        let worker = Arc::clone(self);
        self.closings.spawn(async move {
            taken.settled().await;
            worker.executor.discard(taken.claim).await;
        });
    }

    /// Removes what belongs to no job of ours.
    async fn sweep(&self) {
        let _alone = self.sweeping.write().await;
        let present = self.session.jobs.present();
        // The slots of a stopping runner forget their jobs, which stay for the next process.
        if self.stop.is_cancelled() {
            return;
        }
        if let Err(error) = self.executor.sweep(&present).await {
            tracing::warn!(%error, "cannot sweep");
        }
    }
}

/// A job's place in the list, given back when the job is closed or its slot goes down with it.
struct Leased<E: Executor> {
    worker: Arc<Worker<E>>,
    claim: Claim,
}

impl<E: Executor> Drop for Leased<E> {
    fn drop(&mut self) {
        self.worker.session.jobs.forget(self.claim);
    }
}

#[cfg(test)]
mod tests;
