//! Concurrency groups: how many of a repository's jobs run at once, and which newer ones take the place of older.

use std::collections::BTreeSet;

use slipway_pipelines::{
    ids::BuildId,
    state::{Finish, Illegal, JobEvent, JobState, Reason},
};

use super::{
    StoreError, builds, jobs,
    jobs::Job,
    settle::{change, settle as settle_build},
    writer::Tx,
};
use crate::clock;

/// Lets jobs of a group be queued as far as there is room, oldest build first, and holds the others back. Called in every
/// transaction that changed one of them: the only place that decides it.
pub(super) async fn settle(tx: &mut Tx<'_>, group: &str) -> Result<(), StoreError> {
    let mut all = jobs::of_group(&mut *tx.connection, group).await?;
    for (index, event) in admit(&all) {
        if let Some(job) = all.get_mut(index) {
            change(tx, job, event).await?;
        }
    }
    Ok(())
}

/// Who of a group's jobs, oldest first, gets a place that it has not, or loses one to an older job. One that no runner
/// has yet can lose its place; one whose limit is reached keeps what comes after it from passing. Pure.
fn admit(jobs: &[Job]) -> Vec<(usize, JobEvent)> {
    let mut taken = jobs.iter().filter(|job| job.state.lease().is_some()).count();
    let mut decided = Vec::new();
    for (index, job) in jobs.iter().enumerate() {
        let limit = job.concurrency.as_ref().map_or(u32::MAX, |group| group.limit.max(1));
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        match job.state {
            JobState::Queued { .. } if taken >= limit => decided.push((index, JobEvent::HeldBack)),
            JobState::Held { .. } if taken < limit => decided.push((index, JobEvent::Admitted)),
            JobState::Queued { .. } | JobState::Held { .. } => {}
            _ => continue,
        }
        taken += 1;
    }
    decided
}

/// Cancels what a new build's jobs take the place of: the jobs of their group in older builds of the same ref. Builds are
/// stored in the order of their numbers, so that all others of the group are older.
pub(super) async fn supersede(
    tx: &mut Tx<'_>,
    new: (BuildId, u64),
    reference: &str,
    group: &str,
) -> Result<(), StoreError> {
    let (build, number) = new;
    let mut touched = BTreeSet::new();
    for mut job in jobs::of_group(&mut *tx.connection, group).await? {
        let (_, other) = builds::find(&mut *tx.connection, job.build).await?.ok_or(StoreError::NotFound)?;
        if job.build == build || other.trigger.reference != reference {
            continue;
        }
        let finish = Finish::with_note(Reason::Superseded, format!("build {number} took its place"));
        match change(tx, &mut job, JobEvent::CancelAsked { finish, at: clock::now() }).await {
            Ok(()) => drop(touched.insert(job.build)),
            Err(StoreError::Illegal(Illegal::Finished | Illegal::Repeated)) => {}
            Err(error) => return Err(error),
        }
    }
    for build in touched {
        settle_build(tx, build, clock::now()).await?;
    }
    Ok(())
}
