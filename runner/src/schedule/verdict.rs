//! What ends mean: a container's end for its step, the steps' ends for the job.

use slipway_pipelines::{
    plan::{OnFailure, Plan, Step},
    state::{Finish, Reason, Status},
};

use crate::executor::Ending;

pub(super) fn of_ending(ending: Ending) -> Finish {
    match ending {
        // A child that the kernel killed is the step's own affair when the step ended well all the same.
        Ending::Exited { code, oom_killed: true } if code != 0 => {
            Finish { reason: Reason::OomKilled, exit_code: Some(code), note: String::new() }
        }
        Ending::Exited { code, .. } => Finish::exit(code),
        Ending::Failed(failed) => Finish::with_note(failed.reason, failed.message),
    }
}

/// Whether a step that ended so makes its job fail.
pub(super) fn counts(step: &Step, finish: &Finish) -> bool {
    if step.on_failure == OnFailure::Ignore || !finish.status().is_bad() {
        return false;
    }
    // How a service or detached step ends is shown, but only one that could not start hurts the job.
    step.is_awaited() || could_not_start(finish.reason)
}

fn could_not_start(reason: Reason) -> bool {
    match reason {
        Reason::ImagePull | Reason::ImageBuild | Reason::Infra | Reason::Clone | Reason::Config => true,
        Reason::Ok
        | Reason::OkWithWarnings
        | Reason::NotReady
        | Reason::Superseded
        | Reason::Stopped
        | Reason::ExitCode
        | Reason::OomKilled
        | Reason::Timeout
        | Reason::Cancelled
        | Reason::CancelledByStep
        | Reason::Needs
        | Reason::Condition
        | Reason::JobEnded
        | Reason::Lost => false,
    }
}

/// How the job ends: as the worst of its steps that count, the first of equals, named in the note.
pub(super) fn of_job(plan: &Plan, ends: &[Option<&Finish>]) -> Finish {
    let mut worst: Option<(&Step, &Finish)> = None;
    for (step, finish) in plan.steps.iter().zip(ends) {
        let Some(finish) = finish else { continue };
        let worse = worst.is_none_or(|(_, other)| rank(finish.status()) > rank(other.status()));
        if counts(step, finish) && worse {
            worst = Some((step, finish));
        }
    }
    match worst {
        None => Finish::because(Reason::Ok),
        Some((step, finish)) => {
            Finish { reason: finish.reason, exit_code: finish.exit_code, note: note(&step.name, finish) }
        }
    }
}

fn note(name: &str, finish: &Finish) -> String {
    match (finish.reason, finish.exit_code) {
        (Reason::ExitCode, Some(code)) => format!("step `{name}` exited with code {code}"),
        (Reason::OomKilled, _) => format!("step `{name}` was killed for its memory use"),
        (reason, _) if finish.note.is_empty() => format!("step `{name}`: {}", reason.as_str()),
        (..) => format!("step `{name}`: {}", finish.note),
    }
}

fn rank(status: Status) -> u8 {
    match status {
        Status::Error => 5,
        Status::Lost => 4,
        Status::Failure => 3,
        Status::Cancelled => 2,
        Status::Pending | Status::Blocked | Status::Running | Status::Success | Status::Skipped => 1,
    }
}
