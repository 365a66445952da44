//! A build has no machine of its own: what it is follows from its jobs.

use super::{Finish, JobState, Millis, Reason, Status};

/// State of a build, derived.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BuildState {
    /// The word for it.
    pub status: Status,
    /// Of the job that decides; `None` until the build is finished.
    pub finish: Option<Finish>,
    /// When the first step of the first job was let go.
    pub started: Option<Millis>,
    /// When the last job ended; `None` until the build is finished.
    pub finished: Option<Millis>,
}

/// The state of a build with these jobs. Pure, and the only place that knows.
pub fn fold_jobs<'a>(jobs: impl IntoIterator<Item = &'a JobState>) -> BuildState {
    let states: Vec<&JobState> = jobs.into_iter().collect();
    let started = states
        .iter()
        .filter_map(|state| match state {
            JobState::Running { started, .. } => Some(*started),
            JobState::Stopping { started, .. } | JobState::Finished { started, .. } => *started,
            JobState::Blocked
            | JobState::Waiting
            | JobState::Queued { .. }
            | JobState::Held { .. }
            | JobState::Delayed { .. }
            | JobState::Leased { .. } => None,
        })
        .min();
    let mut ended = Vec::new();
    for state in &states {
        if let JobState::Finished { finish, at, .. } = state {
            ended.push((finish, *at));
        }
    }
    if ended.len() < states.len() {
        let moving = !ended.is_empty() || states.iter().any(|state| state.status() == Status::Running);
        let status = if states.iter().any(|state| **state == JobState::Blocked) {
            Status::Blocked
        } else if moving {
            Status::Running
        } else {
            Status::Pending
        };
        return BuildState { status, finish: None, started, finished: None };
    }
    let finish = ended
        .iter()
        .max_by_key(|(finish, _)| rank(finish.reason))
        .map_or_else(|| Finish::because(Reason::Condition), |(finish, _)| (*finish).clone());
    BuildState {
        status: finish.status(),
        finished: ended.iter().map(|(_, at)| *at).max(),
        finish: Some(finish),
        started,
    }
}

/// Which of several finished jobs speaks for the build: the highest.
fn rank(reason: Reason) -> u8 {
    match reason.status() {
        Status::Error => 7,
        Status::Lost => 6,
        Status::Failure => 5,
        Status::Cancelled => 4,
        Status::Success if reason == Reason::OkWithWarnings => 3,
        Status::Success => 2,
        Status::Skipped => 1,
        Status::Pending | Status::Blocked | Status::Running => 0,
    }
}

impl BuildState {
    /// The same for a build with a job that had an attempt before by its `retry`, where a step was let go then: while the
    /// job waits for the next, nothing else may tell that the build began.
    #[must_use]
    pub fn still_running(self, since: Option<Millis>) -> Self {
        let started = match (since, self.started) {
            (Some(before), Some(now)) => Some(before.min(now)),
            (before, now) => before.or(now),
        };
        let status = if self.status == Status::Pending { Status::Running } else { self.status };
        Self { status, started, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(reason: Reason) -> JobState {
        JobState::Finished { finish: Finish::because(reason), started: Some(1), at: 2 }
    }

    fn status(states: &[JobState]) -> Status {
        fold_jobs(states).status
    }

    #[test]
    fn the_worst_job_speaks_for_a_finished_build() {
        assert_eq!(status(&[ended(Reason::Ok), ended(Reason::ExitCode)]), Status::Failure);
        assert_eq!(status(&[ended(Reason::Ok), ended(Reason::Condition)]), Status::Success);
        assert_eq!(status(&[ended(Reason::Needs), ended(Reason::Infra)]), Status::Error);
        assert_eq!(status(&[ended(Reason::Cancelled), ended(Reason::Needs)]), Status::Cancelled);
        assert_eq!(status(&[ended(Reason::Condition)]), Status::Skipped);
    }

    #[test]
    fn a_warning_is_said_unless_a_job_is_worse() {
        let reason = |reasons: &[Reason]| {
            let jobs: Vec<JobState> = reasons.iter().copied().map(ended).collect();
            fold_jobs(&jobs).finish.unwrap().reason
        };
        use Reason::{Cancelled, ExitCode, Needs, Ok, OkWithWarnings};
        assert_eq!(reason(&[Ok, OkWithWarnings, Ok]), OkWithWarnings);
        assert_eq!(reason(&[OkWithWarnings, Needs]), OkWithWarnings);
        assert_eq!(reason(&[ExitCode, OkWithWarnings]), ExitCode);
        assert_eq!(reason(&[OkWithWarnings, Cancelled]), Cancelled);
        assert_eq!(status(&[ended(OkWithWarnings), ended(Ok)]), Status::Success);
    }

    #[test]
    fn a_build_whose_only_job_waits_for_its_next_attempt_is_still_running() {
        let now = fold_jobs(&[JobState::Delayed { until: 90 }]).still_running(Some(7));
        assert_eq!((now.status, now.started, now.finish), (Status::Running, Some(7), None));
        let later = fold_jobs(&[JobState::Finished { finish: Finish::exit(0), started: Some(95), at: 99 }]);
        let later = later.still_running(Some(7));
        assert_eq!((later.status, later.started, later.finished), (Status::Success, Some(7), Some(99)));
    }

    #[test]
    fn a_build_with_an_unfinished_job_is_not_finished() {
        assert_eq!(status(&[JobState::Blocked, JobState::Blocked]), Status::Blocked);
        assert_eq!(status(&[ended(Reason::Ok), JobState::Blocked]), Status::Blocked, "one of it again");
        assert_eq!(status(&[JobState::Waiting, JobState::Queued { epoch: 0 }]), Status::Pending);
        assert_eq!(status(&[ended(Reason::ExitCode), JobState::Waiting]), Status::Running);
    }
}
