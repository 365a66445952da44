//! What the next attempt of a job takes over from the one that failed, when it goes on from there.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use slipway_pipelines::{
    ids::{JobId, RunnerId},
    lease::Claim,
    state::{Finish, JobEvent, JobState, Millis, Reason, StepState},
    wire::Kept,
};

use super::{
    Store, StoreError, jobs,
    jobs::Job,
    model::FromFailed,
    outputs,
    settle::{change, settle},
    steps,
    writer::Tx,
};
use crate::clock;

/// Where a job goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct GoesOn {
    /// Who has its workspace.
    pub(super) runner: RunnerId,
    /// Under which claim.
    pub(super) workspace: Claim,
}

/// What stands of a job that ended badly.
pub(super) struct Standing {
    pub(super) goes_on: GoesOn,
    /// Positions of the steps that do not run again.
    steps: Vec<usize>,
}

/// What there is of a finished job to go on with; `None` when all of it runs again anyway.
/// [`StoreError::NotKept`] when no runner has its workspace any more.
pub(super) async fn of(tx: &mut Tx<'_>, job: &Job, from: &FromFailed) -> Result<Option<Standing>, StoreError> {
    if !job.state.status().is_bad() {
        return Ok(None);
    }
    let plan = jobs::plan(&mut *tx.connection, job.id).await?;
    let details = steps::of_attempt(&mut *tx.connection, job.id, job.attempt).await?;
    let ends: Vec<Option<Finish>> = details.iter().map(|step| step.state.finish().cloned()).collect();
    let steps = plan.standing(&ends);
    if steps.is_empty() {
        return Ok(None);
    }
    let own = Claim { job: job.id, attempt: job.attempt, epoch: job.epoch };
    let workspace = job.goes_on.map_or(own, |before| before.workspace);
    match from.kept.get(&workspace) {
        Some(&runner) => Ok(Some(Standing { goes_on: GoesOn { runner, workspace }, steps })),
        None => Err(StoreError::NotKept(job.name.clone())),
    }
}

impl Store {
    /// Ends those of some jobs that have waited since before a time for the runner with their workspace, while no runner has it.
    pub async fn refuse_gone(
        &self,
        jobs: Vec<JobId>,
        kept: HashMap<Claim, RunnerId>,
        since: Millis,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                for id in jobs {
                    let Some(mut job) = jobs::find(&mut *tx.connection, id).await? else { continue };
                    let is_gone = job.goes_on.is_some_and(|goes_on| !kept.contains_key(&goes_on.workspace));
                    if is_gone && matches!(job.state, JobState::Queued { .. }) && job.since < since {
                        let at = clock::now();
                        let finish =
                            Finish::with_note(Reason::Infra, "its workspace is not kept any more: retry the whole job");
                        change(tx, &mut job, JobEvent::Refused { finish, at }).await?;
                        settle(tx, job.build, at).await?;
                    }
                }
                Ok(())
            })
        })
        .await
    }
}

/// Tables whose rows of a standing step are the later attempt's as well.
const COPIED: [&str; 3] = [
    "INSERT INTO outputs (job, attempt, step, content) SELECT job, attempt + 1, step, content FROM outputs ",
    "INSERT INTO images (job, attempt, step, reference, id, digest) \
     SELECT job, attempt + 1, step, reference, id, digest FROM images ",
    "INSERT INTO pushed (job, attempt, step, reference, digest) \
     SELECT job, attempt + 1, step, reference, digest FROM pushed ",
];
/// Tables whose rows are the later attempt's from then on: pages ask for those of the last attempt.
const MOVED: [&str; 3] = [
    "UPDATE reports SET attempt = attempt + 1 ",
    "UPDATE artifacts SET attempt = attempt + 1 ",
    "UPDATE warnings SET attempt = attempt + 1 ",
];
const OF_STANDING: &str = "WHERE job = $1 AND attempt = $2 AND step IN \
     (SELECT position FROM steps WHERE job = $1 AND attempt = $2 + 1 AND ran_in IS NOT NULL)";

/// Gives the attempt after one, whose steps are there, what stands of it.
pub(super) async fn take_over(
    tx: &mut Tx<'_>,
    job: JobId,
    attempt: u32,
    standing: &Standing,
) -> Result<(), StoreError> {
    for step in steps::of_attempt(&mut *tx.connection, job, attempt).await? {
        let StepState::Finished { finish, at, .. } = step.state else { continue };
        if standing.steps.contains(&step.position) {
            // It did not start in that attempt.
            let state = StepState::Finished { finish, started: None, at };
            let address = (job, attempt + 1, step.position);
            steps::set_state(&mut *tx.connection, address, &state, step.log_bytes).await?;
            steps::set_ran_in(&mut *tx.connection, address, step.ran_in.unwrap_or(attempt)).await?;
        }
    }
    for what in COPIED.into_iter().chain(MOVED) {
        // Safe: both parts are written here.
        sqlx::query(sqlx::AssertSqlSafe(format!("{what}{OF_STANDING}")))
            .bind(job.to_string())
            .bind(i64::from(attempt))
            .execute(&mut *tx.connection)
            .await?;
    }
    Ok(())
}

/// What its runner is told of it.
pub(super) async fn kept(tx: &mut Tx<'_>, job: &Job) -> Result<Option<Kept>, StoreError> {
    let Some(GoesOn { workspace, .. }) = job.goes_on else { return Ok(None) };
    let mut steps = BTreeMap::new();
    for step in steps::of_attempt(&mut *tx.connection, job.id, job.attempt).await? {
        if let (Some(_), Some(finish)) = (step.ran_in, step.state.finish()) {
            steps.insert(step.position, finish.clone());
        }
    }
    let mut outputs = outputs::of_attempt(&mut *tx.connection, job.id, job.attempt).await?;
    outputs.retain(|step, _| steps.contains_key(step));
    Ok(Some(Kept { workspace, steps, outputs }))
}
