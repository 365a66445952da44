//! Builds that wait for somebody's approval.

use slipway_pipelines::{
    ids::{BuildId, RepositoryId},
    state::{Finish, JobEvent, JobState, Reason},
};

use super::{
    Store, StoreError,
    actions::cancel_jobs,
    builds,
    codec::parse,
    jobs,
    settle::{change, settle},
    writer::Tx,
};
use crate::clock;

impl Store {
    /// Lets a build run that waits for that. [`StoreError::NotBlocked`] when it does not.
    pub async fn approve_build(&self, build: BuildId, by: &str) -> Result<(), StoreError> {
        let by = by.to_owned();
        self.write(move |tx| {
            Box::pin(async move {
                let mut approved = false;
                for mut job in jobs::of_build(&mut *tx.connection, build).await? {
                    if job.state == JobState::Blocked {
                        change(tx, &mut job, JobEvent::Approved).await?;
                        approved = true;
                    }
                }
                if !approved {
                    return Err(StoreError::NotBlocked);
                }
                builds::approve(&mut *tx.connection, build, &by).await?;
                settle(tx, build, clock::now()).await
            })
        })
        .await
    }

    /// Cancels the builds of a ref that still wait, because nobody needs to look at them any more.
    pub async fn drop_blocked(
        &self,
        repository: RepositoryId,
        reference: &str,
        why: &'static str,
    ) -> Result<(), StoreError> {
        let reference = reference.to_owned();
        self.write(move |tx| Box::pin(async move { supersede(tx, repository, &reference, None, why).await })).await
    }
}

/// Cancels the blocked builds of a ref, but for one.
pub(super) async fn supersede(
    tx: &mut Tx<'_>,
    repository: RepositoryId,
    reference: &str,
    except: Option<BuildId>,
    why: &str,
) -> Result<(), StoreError> {
    let ids: Vec<String> =
        sqlx::query_scalar("SELECT id FROM builds WHERE repository = $1 AND status = 'blocked' ORDER BY number")
            .bind(repository.to_string())
            .fetch_all(&mut *tx.connection)
            .await?;
    for id in ids {
        let build: BuildId = parse("builds", &id)?;
        let (_, summary) = builds::find(&mut *tx.connection, build).await?.ok_or(StoreError::NotFound)?;
        if Some(build) == except || summary.trigger.reference != reference {
            continue;
        }
        let now = clock::now();
        cancel_jobs(tx, build, &Finish::with_note(Reason::Superseded, why), now).await?;
        settle(tx, build, now).await?;
    }
    Ok(())
}
