//! The last line, and the exit code.

use std::time::Duration;

use slipway_pipelines::state::{Finish, JobState, Reason, Status, fold_jobs};

use super::ends;
use crate::{Exit, words};

/// How the build ended, as the server would say it.
pub(super) fn fold(finishes: &[Finish]) -> Finish {
    let states: Vec<JobState> =
        finishes.iter().map(|finish| JobState::Finished { finish: finish.clone(), started: None, at: 0 }).collect();
    fold_jobs(&states).finish.unwrap_or_else(|| Finish::because(Reason::Condition))
}

/// `success in 1.2 s`
pub(super) fn line(finish: &Finish, took: Duration, color: bool) -> String {
    let (mark, took) = (ends::mark(finish, false), words::duration(took));
    let status = finish.status().as_str();
    let what = match ends::words(finish) {
        words if finish.reason == Reason::Ok || words == status => String::new(),
        words => format!(": {words}"),
    };
    if color {
        format!("{}{mark} {status}\x1b[0m{what} in {took}", ends::color(mark))
    } else {
        format!("{status}{what} in {took}")
    }
}

/// The exit code of the command line.
pub(super) fn exit(finish: &Finish) -> Exit {
    match finish.status() {
        Status::Success | Status::Skipped => Exit::Success,
        Status::Failure | Status::Cancelled => Exit::Failure,
        Status::Error | Status::Lost | Status::Pending | Status::Blocked | Status::Running => Exit::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_job_decides() {
        let took = Duration::from_millis(1200);
        let of = |reasons: &[Reason]| {
            let finish = fold(&reasons.iter().map(|reason| Finish::because(*reason)).collect::<Vec<_>>());
            (line(&finish, took, false), exit(&finish))
        };
        assert_eq!(of(&[Reason::Ok, Reason::Condition]), ("success in 1.2 s".into(), Exit::Success));
        assert_eq!(of(&[Reason::Ok, Reason::Timeout]), ("failure: timeout in 1.2 s".into(), Exit::Failure));
        assert_eq!(of(&[Reason::Timeout, Reason::ImagePull]).1, Exit::Internal);
        assert_eq!(of(&[Reason::Cancelled]).1, Exit::Failure);
        assert_eq!(of(&[]).1, Exit::Success);
    }
}
