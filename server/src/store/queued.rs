//! Table `queued`: when a job waited for a runner. For people: nothing is decided by it.

use slipway_pipelines::{
    ids::JobId,
    state::{JobState, Millis},
};
use sqlx::SqliteExecutor;

use super::{StoreError, jobs::Job, model::QueueTimes, writer::Tx};

/// What a transition means for the waiting of a job.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step {
    Ready,
    Granted,
}

/// A job is ready once in an attempt, however often a lease ends before a step; of its grants the last holds.
fn step(before: &JobState, now: &JobState) -> Option<Step> {
    match (before, now) {
        (JobState::Waiting | JobState::Delayed { .. }, JobState::Queued { .. } | JobState::Held { .. }) => {
            Some(Step::Ready)
        }
        (JobState::Queued { .. }, JobState::Leased { .. }) => Some(Step::Granted),
        _ => None,
    }
}

/// Keeps when it happened, if it did.
pub(super) async fn note(tx: &mut Tx<'_>, job: &Job, before: &JobState, now: Millis) -> Result<(), StoreError> {
    let statement = match step(before, &job.state) {
        Some(Step::Ready) => {
            "INSERT INTO queued (job, attempt, ready) VALUES ($1, $2, $3) ON CONFLICT (job, attempt) DO NOTHING"
        }
        Some(Step::Granted) => "UPDATE queued SET granted = $3 WHERE job = $1 AND attempt = $2",
        None => return Ok(()),
    };
    sqlx::query(statement)
        .bind(job.id.to_string())
        .bind(i64::from(job.attempt))
        .bind(now)
        .execute(&mut *tx.connection)
        .await?;
    Ok(())
}

/// When an attempt waited.
pub(super) async fn of_attempt(
    db: impl SqliteExecutor<'_>,
    job: JobId,
    attempt: u32,
) -> Result<QueueTimes, StoreError> {
    let row: Option<(i64, Option<i64>)> =
        sqlx::query_as("SELECT ready, granted FROM queued WHERE job = $1 AND attempt = $2")
            .bind(job.to_string())
            .bind(i64::from(attempt))
            .fetch_optional(db)
            .await?;
    Ok(row.map_or_else(QueueTimes::default, |(ready, granted)| QueueTimes { ready: Some(ready), granted }))
}

#[cfg(test)]
mod tests {
    use slipway_pipelines::{ids::RunnerId, state::Lease};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn waiting_begins_when_the_needs_are_met_and_ends_with_the_grant() {
        let (queued, held) = (JobState::Queued { epoch: 0 }, JobState::Held { epoch: 0 });
        let leased = JobState::Leased { lease: Lease { runner: RunnerId(Uuid::nil()), epoch: 1, deadline: 9 } };
        assert_eq!(step(&JobState::Waiting, &queued), Some(Step::Ready));
        assert_eq!(step(&JobState::Delayed { until: 5 }, &queued), Some(Step::Ready));
        assert_eq!(step(&queued, &held), None, "a full group is waited for like a runner");
        assert_eq!(step(&held, &queued), None);
        assert_eq!(step(&queued, &leased), Some(Step::Granted));
        assert_eq!(step(&leased, &queued), None, "it waits on");
        assert_eq!(step(&leased, &leased), None, "a renewal");
    }
}
