//! Which step's log a build's page opens on.

use slipway_pipelines::{
    plan::StepKind,
    state::{Millis, Status, StepState},
};

use crate::store::model::{JobDetail, StepDetail};

/// Positions of job and step: what failed, else what runs, else what was stopped, else what started last, else the
/// first. `None` when there is no step.
pub(super) fn choose(jobs: &[JobDetail]) -> Option<(usize, usize)> {
    let all = || jobs.iter().flat_map(|job| job.steps.iter().map(move |step| (job, step)));
    let status = |step: &StepDetail| step.state.status();
    let failed = |step: &StepDetail| matches!(status(step), Status::Failure | Status::Error | Status::Lost);
    let running = |step: &StepDetail| status(step) == Status::Running;
    let positions = |(job, step): (&JobDetail, &StepDetail)| (job.position, step.position);
    all()
        .find(|(_, step)| failed(step) && !step.ignored)
        .or_else(|| all().find(|(_, step)| running(step) && step.kind != StepKind::Service))
        .or_else(|| all().find(|(_, step)| status(step) == Status::Cancelled && started(step).is_some()))
        .or_else(|| {
            let begun = all().filter(|(_, step)| step.kind != StepKind::Service && started(step).is_some());
            // The last of several that started in the same millisecond.
            begun.max_by_key(|(job, step)| (started(step), job.position, step.position))
        })
        .or_else(|| all().next())
        .map(positions)
}

fn started(step: &StepDetail) -> Option<Millis> {
    match step.state {
        StepState::Pending => None,
        StepState::Running { since } => Some(since),
        StepState::Finished { started, .. } => started,
    }
}

#[cfg(test)]
mod tests {
    use slipway_pipelines::{
        ids::JobId,
        lease::Claim,
        state::{Finish, JobState, Reason},
    };
    use uuid::Uuid;

    use super::*;

    fn job(position: usize, steps: &[(StepKind, bool, StepState)]) -> JobDetail {
        let steps = steps.iter().enumerate().map(|(position, (kind, ignored, state))| StepDetail {
            position,
            name: format!("step{position}"),
            kind: *kind,
            ignored: *ignored,
            state: state.clone(),
            log_bytes: None,
            image: None,
            needs: Vec::new(),
            phases: Vec::new(),
            ran_in: None,
        });
        JobDetail {
            id: JobId(Uuid::nil()),
            position,
            name: format!("job{position}"),
            workflow: String::new(),
            needs: Vec::new(),
            attempt: 1,
            state: JobState::Waiting,
            queued: Default::default(),
            runner: None,
            labels: Default::default(),
            workspace: Claim { job: JobId(Uuid::nil()), attempt: 1, epoch: 0 },
            goes_on: false,
            concurrency: None,
            outputs: Default::default(),
            pushed: Vec::new(),
            steps: steps.collect(),
        }
    }

    fn ended(finish: Finish, started: Millis) -> StepState {
        StepState::Finished { finish, started: Some(started), at: started + 1 }
    }

    #[test]
    fn the_step_that_matters_most_is_opened() {
        use StepKind::{Clone, Commands, Service};
        let pending = || StepState::Pending;
        let running = |since| StepState::Running { since };
        let good = |at| ended(Finish::exit(0), at);
        let bad = |at| ended(Finish::exit(1), at);
        let stopped = |at| ended(Finish::because(Reason::Cancelled), at);

        assert_eq!(choose(&[]), None);
        assert_eq!(choose(&[job(0, &[(Clone, false, pending())])]), Some((0, 0)), "nothing has begun");
        let between = [(Clone, false, good(1)), (Service, false, running(1)), (Commands, false, pending())];
        assert_eq!(choose(&[job(0, &between)]), Some((0, 0)), "a service is not what one waits for");
        let working = [(Clone, false, good(1)), (Commands, false, running(2)), (Commands, false, pending())];
        assert_eq!(choose(&[job(0, &working)]), Some((0, 1)));
        let ignored = [(Commands, true, bad(1)), (Commands, false, good(2))];
        assert_eq!(choose(&[job(0, &ignored)]), Some((0, 1)), "a failure that does not count");
        assert_eq!(choose(&[job(0, &working), job(1, &[(Commands, false, bad(3))])]), Some((1, 0)), "failure first");
        assert_eq!(choose(&[job(0, &[(Commands, false, good(9)), (Commands, false, stopped(4))])]), Some((0, 1)));
    }
}
