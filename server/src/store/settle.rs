//! What follows from a job's transition: its steps, the jobs that need it, its build.

use std::collections::BTreeSet;

use slipway_pipelines::{
    ids::BuildId,
    plan::Retry,
    state::{Finish, JobEvent, JobState, Millis, Reason, StepEvent, StepState, fold_jobs},
};

use super::{StoreError, attempts, builds, effects::Effects, groups, jobs, jobs::Job, queued, steps, writer::Tx};
use crate::{clock, logs::LogAddress};

/// Longest pause before a retry, in seconds: also what bounds one that the clock's origin moved.
pub(super) const MOST_DELAY: Millis = 3600;

/// Makes a transition of a job, in memory and in its row. The caller calls [`settle`] when all of its transitions are
/// made.
pub(super) async fn change(tx: &mut Tx<'_>, job: &mut Job, event: JobEvent) -> Result<(), StoreError> {
    let silent = matches!(event, JobEvent::Renewed { .. });
    let ran = matches!(event, JobEvent::Finished { .. } | JobEvent::Expired { .. });
    let next = job.state.apply(event)?;
    let before = std::mem::replace(&mut job.state, next);
    if let Some(lease) = job.state.lease() {
        job.epoch = job.epoch.max(lease.epoch);
        job.runner = Some(lease.runner);
    }
    jobs::set_state(&mut *tx.connection, job).await?;
    queued::note(tx, job, &before, clock::now()).await?;
    tx.effects.jobs.push(job.change());
    if !silent {
        tx.effects.build(job.build);
    }
    let JobState::Finished { finish, at, .. } = &job.state else { return Ok(()) };
    end_steps(tx, job, finish, *at).await?;
    let again = match &job.retry {
        Some(retry) if ran && retry.wants(finish, job.tries) => Some(next_attempt(retry)),
        _ => None,
    };
    match again {
        Some(state) => attempts::next(tx, job, state, job.tries + 1, None).await,
        None => Ok(()),
    }
}

/// How the attempt begins that a `retry` asks for.
fn next_attempt(retry: &Retry) -> JobState {
    match Millis::try_from(retry.delay_seconds) {
        Ok(0) => JobState::Waiting,
        seconds => JobState::Delayed { until: clock::steady() + seconds.unwrap_or(MOST_DELAY).min(MOST_DELAY) * 1000 },
    }
}

/// Finishes the steps that a finished job left open, and closes its logs.
async fn end_steps(tx: &mut Tx<'_>, job: &Job, finish: &Finish, at: Millis) -> Result<(), StoreError> {
    for step in steps::of_attempt(&mut *tx.connection, job.id, job.attempt).await? {
        let address = (job.id, job.attempt, step.position);
        tx.effects.closed.push(LogAddress { job: job.id, attempt: job.attempt, step: step.position });
        if let Some(finish) = ending_of_step(&step.state, finish) {
            let state = step.state.apply(StepEvent::Finished { finish, at })?;
            steps::set_state(&mut *tx.connection, address, &state, None).await?;
        }
    }
    Ok(())
}

/// How a step ends whose job is over; `None` when it already has.
fn ending_of_step(step: &StepState, job: &Finish) -> Option<Finish> {
    match (step, job.reason) {
        (StepState::Finished { .. }, _) => None,
        (StepState::Pending, _) => Some(Finish::because(Reason::JobEnded)),
        (
            StepState::Running { .. },
            Reason::Cancelled | Reason::CancelledByStep | Reason::Superseded | Reason::Timeout,
        ) => Some(Finish::because(job.reason)),
        (StepState::Running { .. }, _) => Some(Finish::with_note(Reason::Lost, "its runner did not say how it ended")),
    }
}

/// Moves on what waited for the jobs of a build, then writes what the build is by them. Called at the end of every
/// transaction that changed one of its jobs.
pub(super) async fn settle(tx: &mut Tx<'_>, build: BuildId, now: Millis) -> Result<(), StoreError> {
    let mut all = jobs::of_build(&mut *tx.connection, build).await?;
    loop {
        let decided = decide(&all, now);
        if decided.is_empty() {
            break;
        }
        for (position, event) in decided {
            if let Some(job) = all.get_mut(position) {
                change(tx, job, event).await?;
            }
        }
    }
    for group in all.iter().filter_map(|job| job.group.as_ref()).collect::<BTreeSet<_>>() {
        groups::settle(tx, group).await?;
    }
    let mut state = fold_jobs(all.iter().map(|job| &job.state));
    for job in all.iter().filter(|job| job.tries > 0) {
        state = state.still_running(attempts::began(&mut *tx.connection, job).await?);
    }
    builds::set_state(&mut *tx.connection, build, &state).await?;
    tx.effects.build(build);
    Ok(())
}

/// What happens to the jobs that wait, now that others are done. Pure; to be asked again until it says nothing, because
/// a job left out may decide about the next.
fn decide(jobs: &[Job], at: Millis) -> Vec<(usize, JobEvent)> {
    let mut decided = Vec::new();
    for (position, job) in jobs.iter().enumerate() {
        let needs: Vec<&Job> = job.needs.iter().filter_map(|&need| jobs.get(need)).collect();
        let ready = needs.iter().all(|need| need.state.status().is_final());
        if job.state != JobState::Waiting || !ready {
            continue;
        }
        let failed = upstream_failed(jobs, position);
        let event = match (job.runs_on.fits(failed), failed) {
            (true, _) => JobEvent::NeedsMet,
            (false, true) => JobEvent::LeftOut { reason: Reason::Needs, at },
            (false, false) => JobEvent::LeftOut { reason: Reason::Condition, at },
        };
        decided.push((position, event));
    }
    decided
}

/// Whether something that a job needs, directly or not, ended badly.
pub(super) fn upstream_failed(jobs: &[Job], position: usize) -> bool {
    let mut seen = vec![false; jobs.len()];
    let mut open = vec![position];
    while let Some(current) = open.pop() {
        for &need in jobs.get(current).map_or(&[][..], |job| &job.needs) {
            let Some(upstream) = jobs.get(need) else { continue };
            if upstream.state.status().is_bad() {
                return true;
            }
            if !std::mem::replace(&mut seen[need], true) {
                open.push(need);
            }
        }
    }
    false
}

impl Effects {
    /// Whether a job became ready for a runner.
    pub fn queued(&self) -> bool {
        self.jobs.iter().any(|change| matches!(change.state, JobState::Queued { .. }))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeMap;

    use slipway_pipelines::{ids::JobId, plan::RunsOn};
    use uuid::Uuid;

    use super::*;

    pub(in crate::store) fn job(position: usize, needs: &[usize], runs_on: RunsOn, state: JobState) -> Job {
        Job {
            since: 0,
            id: JobId(Uuid::now_v7()),
            build: BuildId(Uuid::nil()),
            position,
            name: position.to_string(),
            workflow: position.to_string(),
            needs: needs.to_vec(),
            runs_on,
            labels: BTreeMap::new(),
            attempt: 1,
            epoch: 0,
            state,
            runner: None,
            runner_name: None,
            retry: None,
            tries: 0,
            concurrency: None,
            group: None,
            goes_on: None,
        }
    }

    fn ended(reason: Reason) -> JobState {
        JobState::Finished { finish: Finish::because(reason), started: None, at: 0 }
    }

    const ON_SUCCESS: RunsOn = RunsOn { success: true, failure: false };
    const ON_FAILURE: RunsOn = RunsOn { success: false, failure: true };

    #[test]
    fn a_failure_leaves_out_what_needs_success_and_wakes_what_waits_for_failure() {
        let jobs = [
            job(0, &[], ON_SUCCESS, ended(Reason::ExitCode)),
            job(1, &[0], ON_SUCCESS, JobState::Waiting),
            job(2, &[0], ON_FAILURE, JobState::Waiting),
            job(3, &[1], ON_SUCCESS, JobState::Waiting),
        ];
        let decided = decide(&jobs, 5);
        assert_eq!(
            decided,
            [(1, JobEvent::LeftOut { reason: Reason::Needs, at: 5 }), (2, JobEvent::NeedsMet)],
            "3 waits for 1"
        );
    }

    #[test]
    fn failure_is_seen_through_jobs_that_went_well() {
        let jobs = [
            job(0, &[], ON_SUCCESS, ended(Reason::ExitCode)),
            job(1, &[0], ON_FAILURE, ended(Reason::Ok)),
            job(2, &[1], ON_SUCCESS, JobState::Waiting),
        ];
        assert_eq!(decide(&jobs, 5), [(2, JobEvent::LeftOut { reason: Reason::Needs, at: 5 })]);
    }

    #[test]
    fn a_job_for_failure_is_left_out_when_all_goes_well() {
        let jobs = [job(0, &[], ON_SUCCESS, ended(Reason::Ok)), job(1, &[0], ON_FAILURE, JobState::Waiting)];
        assert_eq!(decide(&jobs, 5), [(1, JobEvent::LeftOut { reason: Reason::Condition, at: 5 })]);
    }
}
