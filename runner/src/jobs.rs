//! The jobs that this runner has a lease of, and what is wanted of them.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use slipway_pipelines::{
    ids::JobId,
    lease::{Claim, SELF_STOP_MS},
    wire::{Order, Welcome},
};
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

use crate::job::Command;

/// All jobs of the runner.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    all: Mutex<HashMap<Claim, Entry>>,
    added: Notify,
}

#[derive(Debug)]
struct Entry {
    /// Whose workspace it has.
    workspace: Claim,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Running {
        renewed: Instant,
        command: watch::Sender<Command>,
    },
    /// Its containers are being removed; the server has nothing more to say about it.
    Closing,
}

impl Jobs {
    /// Adds a job whose lease was in force at `renewed`, with the claim of its workspace; gives what will be wanted of it.
    pub(crate) fn add(&self, claim: Claim, workspace: Claim, renewed: Instant) -> watch::Receiver<Command> {
        let (command, commands) = watch::channel(Command::GoOn);
        self.all().insert(claim, Entry { workspace, stage: Stage::Running { renewed, command } });
        self.added.notify_one();
        commands
    }

    /// The job ended here; its containers are about to go.
    pub(crate) fn closing(&self, claim: Claim) {
        if let Some(entry) = self.all().get_mut(&claim) {
            entry.stage = Stage::Closing;
        }
    }

    /// Nothing of the job is left.
    pub(crate) fn forget(&self, claim: Claim) {
        self.all().remove(&claim);
    }

    /// Resolves when a job is added after the last call resolved.
    pub(crate) async fn added(&self) {
        self.added.notified().await;
    }

    /// The leases to renew.
    pub(crate) fn leased(&self) -> Vec<Claim> {
        let all = self.all();
        let running = all.iter().filter(|(_, entry)| match &entry.stage {
            Stage::Running { command, .. } => *command.borrow() != Command::Drop,
            Stage::Closing => false,
        });
        running.map(|(claim, _)| *claim).collect()
    }

    /// All that have objects on this machine, and those whose workspaces they have.
    pub(crate) fn present(&self) -> Vec<Claim> {
        let mut present = Vec::new();
        for (claim, entry) in self.all().iter() {
            present.push(*claim);
            present.extend((entry.workspace != *claim).then_some(entry.workspace));
        }
        present
    }

    /// Those that are already being stopped.
    pub(crate) fn stopping(&self) -> Vec<JobId> {
        let all = self.all();
        let stopping = all.iter().filter(|(_, entry)| match &entry.stage {
            Stage::Running { command, .. } => matches!(*command.borrow(), Command::Stop(_)),
            Stage::Closing => false,
        });
        stopping.map(|(claim, _)| claim.job).collect()
    }

    /// The leases were renewed by a request that was sent at that time.
    pub(crate) fn renewed(&self, claims: &[Claim], sent: Instant) {
        let mut all = self.all();
        for claim in claims {
            if let Some(Entry { stage: Stage::Running { renewed, .. }, .. }) = all.get_mut(claim) {
                *renewed = sent.max(*renewed);
            }
        }
    }

    /// Does what the server orders.
    pub(crate) fn obey(&self, order: Order) {
        match order {
            Order::Stop { claim, finish } => self.command(claim, Command::Stop(finish)),
            Order::Drop { claim } => self.command(claim, Command::Drop),
        }
    }

    /// Does what the server says about the jobs when the runner presents itself again.
    pub(crate) fn welcome(&self, welcome: Welcome, sent: Instant) {
        for resume in welcome.resume {
            self.renewed(&[resume.grant.claim], sent);
            if let Some(finish) = resume.stop {
                self.command(resume.grant.claim, Command::Stop(finish));
            }
        }
        for claim in welcome.drop {
            self.command(claim, Command::Drop);
        }
    }

    /// Drops the jobs that could not be renewed for so long that the server may soon give them away.
    pub(crate) fn drop_overdue(&self) {
        let limit = Duration::from_millis(SELF_STOP_MS);
        for (claim, entry) in self.all().iter() {
            let Stage::Running { renewed, command } = &entry.stage else { continue };
            if renewed.elapsed() >= limit && *command.borrow() != Command::Drop {
                tracing::error!(%claim, "the lease could not be renewed for {} s: the job is stopped", limit.as_secs());
                command.send_replace(Command::Drop);
            }
        }
    }

    fn command(&self, claim: Claim, wanted: Command) {
        if let Some(Entry { stage: Stage::Running { command, .. }, .. }) = self.all().get(&claim) {
            command.send_if_modified(|current| {
                // A drop is the last word; a second stop says nothing new.
                let changes = match (&*current, &wanted) {
                    (Command::GoOn, _) | (Command::Stop(_), Command::Drop) => *current != wanted,
                    (Command::Stop(_), _) | (Command::Drop, _) => false,
                };
                if changes {
                    tracing::info!(%claim, ?wanted, "the server gives an order");
                    *current = wanted;
                }
                changes
            });
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Claim, Entry>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use slipway_pipelines::state::{Finish, Reason};
    use uuid::Uuid;

    use super::*;

    fn claim(job: u128) -> Claim {
        Claim { job: JobId(Uuid::from_u128(job)), attempt: 1, epoch: 1 }
    }

    #[tokio::test(start_paused = true)]
    async fn a_job_that_cannot_be_renewed_is_dropped_before_its_lease_ends() {
        let jobs = Jobs::default();
        let kept = jobs.add(claim(1), claim(1), Instant::now());
        let lost = jobs.add(claim(2), claim(2), Instant::now());
        tokio::time::advance(Duration::from_millis(SELF_STOP_MS - 1)).await;
        jobs.drop_overdue();
        assert_eq!(*lost.borrow(), Command::GoOn);
        jobs.renewed(&[claim(1)], Instant::now());
        tokio::time::advance(Duration::from_millis(1)).await;
        jobs.drop_overdue();
        assert_eq!((&*kept.borrow(), &*lost.borrow()), (&Command::GoOn, &Command::Drop));
        assert_eq!(jobs.leased(), [claim(1)]);
        assert_eq!(jobs.present().len(), 2);
    }

    #[tokio::test]
    async fn the_first_stop_counts_and_a_drop_is_the_last_word() {
        let jobs = Jobs::default();
        let command = jobs.add(claim(1), claim(1), Instant::now());
        let stop = |reason| Order::Stop { claim: claim(1), finish: Finish::because(reason) };
        jobs.obey(stop(Reason::Cancelled));
        jobs.obey(stop(Reason::Timeout));
        assert_eq!(*command.borrow(), Command::Stop(Finish::because(Reason::Cancelled)));
        assert_eq!(jobs.stopping(), [claim(1).job]);
        jobs.obey(Order::Drop { claim: Claim { epoch: 2, ..claim(1) } });
        assert_ne!(*command.borrow(), Command::Drop, "another epoch is another job");
        jobs.obey(Order::Drop { claim: claim(1) });
        jobs.obey(stop(Reason::Cancelled));
        assert_eq!(*command.borrow(), Command::Drop);
        jobs.closing(claim(1));
        assert!(jobs.leased().is_empty());
        assert_eq!(jobs.present(), [claim(1)]);
        jobs.forget(claim(1));
        assert!(jobs.present().is_empty());
        let again = Claim { attempt: 2, ..claim(1) };
        jobs.add(again, claim(1), Instant::now());
        assert_eq!(jobs.present(), [again, claim(1)], "with its workspace");
    }
}
