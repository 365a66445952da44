//! What people do to builds.

use slipway_pipelines::{
    ids::BuildId,
    state::{Finish, Illegal, JobEvent, JobState, Millis, Reason},
};

use super::{
    Store, StoreError,
    again::again,
    attempts, builds, jobs,
    model::Again,
    outputs::needed,
    settle::{change, settle},
    standing,
    writer::Tx,
};
use crate::clock;

impl Store {
    /// Cancels what a build has not finished. [`StoreError::BuildFinished`] when there is nothing of that kind.
    pub async fn cancel_build(&self, build: BuildId, by: &str) -> Result<(), StoreError> {
        let finish = Finish::with_note(Reason::Cancelled, format!("cancelled by {by}"));
        self.write(move |tx| {
            Box::pin(async move {
                let (_, summary) = builds::find(&mut *tx.connection, build).await?.ok_or(StoreError::NotFound)?;
                if summary.finish.is_some() {
                    return Err(StoreError::BuildFinished);
                }
                let now = clock::now();
                cancel_jobs(tx, build, &finish, now).await?;
                settle(tx, build, now).await
            })
        })
        .await
    }

    /// Starts the next attempt of jobs of a finished build.
    pub async fn retry_build(&self, build: BuildId, what: Again) -> Result<(), StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                let (_, summary) = builds::find(&mut *tx.connection, build).await?.ok_or(StoreError::NotFound)?;
                if summary.finish.is_none() {
                    return Err(StoreError::BuildUnfinished);
                }
                let waits = summary.trigger.needs_approval()
                    && builds::approved_by(&mut *tx.connection, build).await?.is_none();
                let first = if waits { JobState::Blocked } else { JobState::Waiting };
                let all = jobs::of_build(&mut *tx.connection, build).await?;
                let chosen = again(&all, &what)?;
                for &position in &chosen {
                    let mut job = all[position].clone();
                    // What took something of a job that runs again takes it anew.
                    let is_first = needed(&all, position).is_disjoint(&chosen.iter().copied().collect());
                    let standing = match &what {
                        Again::FromFailed(from) if is_first => standing::of(tx, &job, from).await?,
                        Again::FromFailed(_) | Again::Needed | Again::Failed | Again::All | Again::Job(_) => None,
                    };
                    attempts::next(tx, &mut job, first.clone(), 0, standing).await?;
                }
                settle(tx, build, clock::now()).await
            })
        })
        .await
    }
}

/// Cancels every job of a build that is not finished. The caller settles the build.
pub(super) async fn cancel_jobs(
    tx: &mut Tx<'_>,
    build: BuildId,
    finish: &Finish,
    at: Millis,
) -> Result<(), StoreError> {
    for mut job in jobs::of_build(&mut *tx.connection, build).await? {
        match change(tx, &mut job, JobEvent::CancelAsked { finish: finish.clone(), at }).await {
            Ok(()) | Err(StoreError::Illegal(Illegal::Finished | Illegal::Repeated)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
