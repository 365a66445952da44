//! What ends mean: a container's end for its step, the steps' ends for the job.

use slipway_pipelines::{
    plan::{Action, OnFailure, Plan, Step},
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

/// The same for a service that had still to become ready.
pub(super) fn before_ready(finish: Finish) -> Finish {
    let note = match (finish.reason, finish.exit_code) {
        (Reason::Ok | Reason::ExitCode, Some(code)) => format!("it ended with exit code {code} before it was ready"),
        (Reason::OomKilled, _) => "it was killed for its memory use before it was ready".to_owned(),
        _ => return finish,
    };
    Finish { reason: Reason::NotReady, note, ..finish }
}

/// The same after so many retries.
pub(super) fn after_retries(finish: Finish, retries: u32) -> Finish {
    let said = match retries {
        0 => return finish,
        1 => "after 1 retry".to_owned(),
        more => format!("after {more} retries"),
    };
    let note = if finish.note.is_empty() { said } else { format!("{}, {said}", finish.note) };
    Finish { note, ..finish }
}

/// Whether a step that ended so makes its job fail.
pub(super) fn counts(step: &Step, finish: &Finish) -> bool {
    step.on_failure != OnFailure::Ignore && went_wrong(step, finish)
}

fn went_wrong(step: &Step, finish: &Finish) -> bool {
    // How a service or detached step ends is shown; by itself, only one that could not start hurts the job.
    finish.status().is_bad() && (step.on_failure != OnFailure::Start || could_not_start(finish.reason))
}

fn could_not_start(reason: Reason) -> bool {
    match reason {
        Reason::ImagePull
        | Reason::ImagePush
        | Reason::ImageBuild
        | Reason::Infra
        | Reason::Clone
        | Reason::Config
        | Reason::NotReady => true,
        Reason::Ok
        | Reason::OkWithWarnings
        | Reason::Superseded
        | Reason::Stopped
        | Reason::ExitCode
        | Reason::OomKilled
        | Reason::Artifacts
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
        None => match ignored(plan, ends) {
            names if names.is_empty() => Finish::because(Reason::Ok),
            names => Finish::with_note(Reason::OkWithWarnings, warning(&names)),
        },
        Some((step, finish)) => Finish { reason: finish.reason, exit_code: finish.exit_code, note: note(step, finish) },
    }
}

/// The steps that went wrong and do not count.
fn ignored<'a>(plan: &'a Plan, ends: &[Option<&Finish>]) -> Vec<&'a str> {
    let steps = plan.steps.iter().zip(ends).filter(|(step, finish)| {
        step.on_failure == OnFailure::Ignore && finish.is_some_and(|finish| went_wrong(step, finish))
    });
    steps.map(|(step, _)| step.name.as_str()).collect()
}

/// Most steps that a note names.
const MOST_NAMES: usize = 5;

fn warning(names: &[&str]) -> String {
    let mut list = names.iter().take(MOST_NAMES).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if names.len() > MOST_NAMES {
        list = format!("{list} and {} more", names.len() - MOST_NAMES);
    }
    if names.len() == 1 {
        format!("step {list} failed and is ignored")
    } else {
        format!("steps {list} failed and are ignored")
    }
}

fn note(step: &Step, finish: &Finish) -> String {
    let kind = if matches!(step.action, Action::Service(_)) { "service" } else { "step" };
    let who = format!("{kind} `{}`", step.name);
    let more = if finish.note.is_empty() { String::new() } else { format!(" {}", finish.note) };
    match (finish.reason, finish.exit_code) {
        (Reason::ExitCode, Some(code)) => format!("{who} exited with code {code}{more}"),
        (Reason::OomKilled, _) => format!("{who} was killed for its memory use{more}"),
        (reason, _) if finish.note.is_empty() => format!("{who}: {}", reason.as_str()),
        (..) => format!("{who}: {}", finish.note),
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
