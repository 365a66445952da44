//! Leases: granted, renewed, given back, expired.

use std::{collections::BTreeMap, fmt};

use slipway_pipelines::{
    ids::{JobId, RunnerId},
    lease::Claim,
    plan::{Environment, Plan},
    state::{Finish, Illegal, JobEvent, JobState, Lease, Millis, StepState},
    trigger::Trigger,
    wire::{Kept, RegistryLogin},
};

use super::{
    JobChange, Store, StoreError, builds,
    codec::corrupt,
    commands, given,
    given::Given,
    jobs,
    jobs::Job,
    model::Repository,
    outputs, pauses, reports, repositories, runners,
    settle::{change, settle},
    standing, steps, warnings,
    writer::Tx,
};
use crate::clock;

/// A lease, with all that a runner must be told.
#[derive(Clone)]
pub struct Granted {
    /// The address of the run.
    pub claim: Claim,
    /// What to run, with the values of its secrets: must not be stored or logged.
    pub plan: Plan,
    /// The values in it, and the passwords below.
    pub masked: Vec<String>,
    /// Of the repository.
    pub registries: Vec<RegistryLogin>,
    /// Outputs of the jobs that it needs.
    pub inputs: Environment,
    /// What it goes on with.
    pub kept: Option<Kept>,
    /// Of which repository.
    pub repository: Repository,
    /// Which commit, and why.
    pub trigger: Trigger,
    /// The build's number.
    pub number: u64,
}

impl fmt::Debug for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Granted").field(&self.claim).finish()
    }
}

/// A lease that is still in force after a restart of its runner.
#[derive(Clone, Debug)]
pub struct Resumed {
    /// The same lease.
    pub granted: Granted,
    /// By position.
    pub steps: Vec<StepState>,
    /// By position of the step that gave them.
    pub outputs: BTreeMap<usize, Environment>,
    /// An order to stop.
    pub stop: Option<Finish>,
}

impl Store {
    /// Gives a job to a runner until a deadline. `None` when it is not queued any more, or can never run: then it has ended.
    /// [`StoreError::OnHold`] while the runner is drained or the queue paused.
    pub async fn grant(&self, job: JobId, runner: RunnerId, deadline: Millis) -> Result<Option<Granted>, StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                let Some(mut job) = jobs::find(&mut *tx.connection, job).await? else { return Ok(None) };
                if !matches!(job.state, JobState::Queued { .. }) {
                    return Ok(None);
                }
                let known = runners::by_id(&mut *tx.connection, runner).await?;
                if known.is_some_and(|runner| runner.drained.is_some())
                    || pauses::current(&mut *tx.connection).await?.is_some()
                {
                    return Err(StoreError::OnHold);
                }
                let what = Contents::of(tx, &job).await?;
                let given = match given::gather(tx, &what.repository, &what.plan, what.trigger.event()).await? {
                    Ok(given) => given,
                    Err(finish) => {
                        change(tx, &mut job, JobEvent::Refused { finish, at: clock::now() }).await?;
                        settle(tx, job.build, clock::now()).await?;
                        return Ok(None);
                    }
                };
                let lease = Lease { runner, epoch: job.epoch + 1, deadline };
                change(tx, &mut job, JobEvent::Granted { lease }).await?;
                given::keep(tx, what.repository.id, job.id, &given).await?;
                settle(tx, job.build, clock::now()).await?;
                what.granted(tx, &job, lease.epoch, given).await.map(Some)
            })
        })
        .await
    }

    /// Queues a job again whose runner never got to know of its lease. Nothing happens when that has changed.
    pub async fn hand_back(&self, claim: Claim) -> Result<(), StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                match held(tx, claim).await? {
                    Some(mut job) if matches!(job.state, JobState::Leased { .. }) => expire(tx, &mut job).await,
                    _ => Ok(()),
                }
            })
        })
        .await
    }

    /// Renews those of a runner's leases that are in force. Others are passed over.
    pub async fn renew(&self, runner: RunnerId, claims: Vec<Claim>, deadline: Millis) -> Result<(), StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                runners::seen(&mut *tx.connection, runner).await?;
                for claim in claims {
                    if let Some(mut job) = held(tx, claim).await?
                        && job.runner == Some(runner)
                    {
                        change(tx, &mut job, JobEvent::Renewed { epoch: claim.epoch, deadline }).await?;
                    }
                }
                Ok(())
            })
        })
        .await
    }

    /// The lease that a restarted runner asks about, if it is in force; renewed until a deadline.
    pub async fn resume(
        &self,
        runner: RunnerId,
        claim: Claim,
        deadline: Millis,
    ) -> Result<Option<Resumed>, StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                let Some(mut job) = held(tx, claim).await?.filter(|job| job.runner == Some(runner)) else {
                    return Ok(None);
                };
                change(tx, &mut job, JobEvent::Renewed { epoch: claim.epoch, deadline }).await?;
                let steps = steps::of_attempt(&mut *tx.connection, job.id, job.attempt).await?;
                let stop = match &job.state {
                    JobState::Stopping { finish, .. } => Some(finish.clone()),
                    _ => None,
                };
                let what = Contents::of(tx, &job).await?;
                let given = given::kept(tx, what.repository.id, job.id).await?;
                let outputs = outputs::of_attempt(&mut *tx.connection, job.id, job.attempt).await?;
                let granted = what.granted(tx, &job, claim.epoch, given).await?;
                let steps = steps.into_iter().map(|step| step.state).collect();
                Ok(Some(Resumed { granted, steps, outputs, stop }))
            })
        })
        .await
    }

    /// Ends the leases whose deadline is at or before a time on the steady clock: the jobs are queued again, lost, or
    /// what they were told to end as (DESIGN, invariant 4). Says which.
    pub async fn expire(&self, at: Millis) -> Result<Vec<JobId>, StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                let mut ended = Vec::new();
                for mut job in jobs::expired(&mut *tx.connection, at).await? {
                    expire(tx, &mut job).await?;
                    ended.push(job.id);
                }
                Ok(ended)
            })
        })
        .await
    }

    /// Queues the delayed jobs whose time on the steady clock came.
    pub async fn end_delays(&self, at: Millis) -> Result<(), StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                for mut job in jobs::due(&mut *tx.connection, at).await? {
                    change(tx, &mut job, JobEvent::DelayOver).await?;
                    settle(tx, job.build, clock::now()).await?;
                }
                Ok(())
            })
        })
        .await
    }

    /// Makes every lease last at least until a deadline: nobody could renew while the server was away.
    pub async fn grace(&self, deadline: Millis) -> Result<(), StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                for mut job in jobs::unfinished(&mut *tx.connection).await? {
                    if let Some(lease) = job.state.lease().copied() {
                        let deadline = deadline.max(lease.deadline);
                        change(tx, &mut job, JobEvent::Renewed { epoch: lease.epoch, deadline }).await?;
                    }
                }
                Ok(())
            })
        })
        .await
    }

    /// All jobs that are not finished, oldest build first.
    pub async fn unfinished_jobs(&self) -> Result<Vec<JobChange>, StoreError> {
        Ok(jobs::unfinished(&self.readers).await?.iter().map(Job::change).collect())
    }
}

/// The job of a claim, if the claim is the current one.
async fn held(tx: &mut Tx<'_>, claim: Claim) -> Result<Option<Job>, StoreError> {
    let job = jobs::find(&mut *tx.connection, claim.job).await?;
    Ok(job.filter(|job| job.attempt == claim.attempt && job.state.lease().is_some_and(|l| l.epoch == claim.epoch)))
}

async fn expire(tx: &mut Tx<'_>, job: &mut Job) -> Result<(), StoreError> {
    let now = clock::now();
    match change(tx, job, JobEvent::Expired { at: now }).await {
        Err(StoreError::Illegal(Illegal::Finished | Illegal::OutOfOrder)) => return Ok(()),
        other => other?,
    }
    if matches!(job.state, JobState::Queued { .. }) {
        tx.effects.reset.push((job.id, job.attempt));
        warnings::forget(&mut *tx.connection, job.id, job.attempt).await?;
        commands::forget(&mut *tx.connection, job.id, job.attempt).await?;
        super::usage::forget(&mut *tx.connection, job.id, job.attempt).await?;
        reports::forget(&mut *tx.connection, job).await?;
    }
    settle(tx, job.build, now).await
}

/// What a job's rows say about a lease of it.
struct Contents {
    plan: Plan,
    repository: Repository,
    trigger: Trigger,
    number: u64,
}

impl Contents {
    async fn of(tx: &mut Tx<'_>, job: &Job) -> Result<Self, StoreError> {
        let (db, vault) = (&mut *tx.connection, tx.vault);
        let (repository, summary) = builds::find(&mut *db, job.build).await?.ok_or(StoreError::NotFound)?;
        Ok(Self {
            plan: jobs::plan(&mut *db, job.id).await?,
            repository: repositories::by_id(&mut *db, vault, repository).await?.ok_or(StoreError::NotFound)?,
            trigger: summary.trigger,
            number: summary.number,
        })
    }

    async fn granted(self, tx: &mut Tx<'_>, job: &Job, epoch: u64, given: Given) -> Result<Granted, StoreError> {
        let Self { mut plan, repository, trigger, number } = self;
        let claim = Claim { job: job.id, attempt: job.attempt, epoch };
        let masked = given.masked();
        plan.reveal(&given.secrets).map_err(|missing| corrupt("jobs", missing))?;
        let inputs = outputs::of_needed(tx, job).await?;
        let kept = standing::kept(tx, job).await?;
        Ok(Granted { claim, plan, masked, registries: given.registries, inputs, kept, repository, trigger, number })
    }
}
