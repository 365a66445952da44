//! The sentences of a pusher's terminal. Pure.

use slipway_pipelines::state::{Finish, JobState, Millis, Status, StepState};
use slipway_web::{sign::Sign, words::because};

use crate::{
    api::job_waits,
    store::model::{BuildDetail, JobDetail, StepDetail},
};

/// `0.4 s`, `12 s`, `3 min 20 s`.
pub(super) fn duration(millis: Millis) -> String {
    let millis = millis.max(0);
    let seconds = millis / 1000;
    match seconds {
        0..10 => format!("{seconds}.{} s", millis % 1000 / 100),
        10..60 => format!("{seconds} s"),
        _ => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

/// How something ended: `success`, `failure (exit code 1)`, `error (the image could not be had · no such image)`.
fn ending(finish: &Finish) -> String {
    let (status, why) = (finish.status().as_str(), because(finish));
    if why.is_empty() { status.to_owned() } else { format!("{status} ({})", one_line(&why)) }
}

/// A note may quote what a program wrote.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(1000).collect()
}

/// The line at a step's end; `None` while it has not ended. `label` names the step.
pub(super) fn step_end(label: &str, step: &StepDetail) -> Option<String> {
    let StepState::Finished { finish, started, at } = &step.state else { return None };
    let took = started.map(|started| format!(", {}", duration(at - started))).unwrap_or_default();
    let sign = Sign::of_step(finish.status(), Some(finish), step.ignored);
    let ignored = if sign == Sign::Warning && finish.status() != Status::Success { ", ignored" } else { "" };
    Some(format!("{} {label}: {}{took}{ignored}", mark(sign), ending(finish)))
}

/// The last line of a build.
pub(super) fn build_end(detail: &BuildDetail) -> String {
    let summary = &detail.summary;
    let how = summary.finish.as_ref().map_or_else(|| summary.status.as_str().to_owned(), ending);
    let took = match (summary.started, summary.finished) {
        (Some(started), Some(finished)) => format!(" in {}", duration(finished - started)),
        _ => String::new(),
    };
    let sign = Sign::new(summary.status, summary.finish.as_ref());
    format!("{} build {}: {how}{took}", mark(sign), summary.number)
}

/// What a build waits for, when nothing of it runs for a while.
pub(super) fn waiting(detail: &BuildDetail) -> Option<String> {
    let queued = detail.jobs.iter().filter(|job| matches!(job.state, JobState::Queued { .. })).count();
    let running = detail.jobs.iter().any(|job| job.state.lease().is_some());
    (queued > 0 && !running).then(|| {
        let jobs = if queued == 1 { "1 job waits".to_owned() } else { format!("{queued} jobs wait") };
        format!("{jobs} for a free runner")
    })
}

/// What single jobs wait for besides a runner: their turn in a concurrency group, or their next try. One sentence for
/// all jobs that wait for the same.
pub(super) fn held(detail: &BuildDetail) -> Vec<String> {
    let mut waits: Vec<(String, &str, usize)> = Vec::new();
    for job in detail.jobs.iter().filter(|job| matches!(job.state, JobState::Held { .. } | JobState::Delayed { .. })) {
        let Some(why) = job_waits(detail, job) else { continue };
        match waits.iter_mut().find(|(known, _, _)| *known == why) {
            Some((_, _, more)) => *more += 1,
            None => waits.push((why, &job.name, 0)),
        }
    }
    let sentence = |(why, name, more): (String, &str, usize)| match more {
        0 => format!("{}: {why}", one_line(name)),
        _ => format!("{} and {more} more: {why}", one_line(name)),
    };
    waits.into_iter().map(sentence).collect()
}

/// A step's name in this build: with the job's where there are several, and which try it is after the first.
pub(super) fn label(jobs: usize, job: &JobDetail, step: &str) -> String {
    let name = if jobs > 1 { format!("{}/{step}", job.name) } else { step.to_owned() };
    if job.attempt > 1 { format!("{name} (attempt {})", job.attempt) } else { name }
}

fn mark(sign: Sign) -> &'static str {
    match sign {
        Sign::Warning => "!",
        Sign::Status(Status::Success) => "✓",
        Sign::Status(Status::Failure | Status::Error | Status::Lost | Status::Cancelled) => "✗",
        Sign::Status(Status::Skipped | Status::Pending | Status::Blocked | Status::Running) => "-",
    }
}

#[cfg(test)]
mod tests {
    use slipway_pipelines::{plan::StepKind, state::Reason};

    use super::*;

    fn step(finish: Finish, started: Option<Millis>, ignored: bool) -> StepDetail {
        StepDetail {
            position: 1,
            name: "test".to_owned(),
            kind: StepKind::Commands,
            ignored,
            state: StepState::Finished { finish, started, at: 3500 },
            log_bytes: Some(1),
            image: None,
            needs: Vec::new(),
            phases: Vec::new(),
            ran_in: None,
        }
    }

    #[test]
    fn durations_read_well() {
        for (millis, text) in
            [(-5, "0.0 s"), (480, "0.4 s"), (9_999, "9.9 s"), (12_300, "12 s"), (200_000, "3 min 20 s")]
        {
            assert_eq!(duration(millis), text);
        }
    }

    #[test]
    fn a_step_says_how_it_ended() {
        for (finish, started, ignored, text) in [
            (Finish::exit(0), Some(1000), false, "✓ test: success, 2.5 s"),
            (
                Finish { note: "2 retries".to_owned(), ..Finish::exit(0) },
                Some(1000),
                false,
                "✓ test: success (2 retries), 2.5 s",
            ),
            (Finish::exit(1), Some(1000), false, "✗ test: failure (exit code 1), 2.5 s"),
            (Finish::exit(1), Some(1000), true, "! test: failure (exit code 1), 2.5 s, ignored"),
            (
                Finish::because(Reason::OomKilled),
                Some(1000),
                true,
                "! test: failure (killed: out of memory), 2.5 s, ignored",
            ),
            (Finish::because(Reason::Needs), None, false, "- test: skipped (what it needs did not end well)"),
            (
                Finish::with_note(Reason::NotReady, "db: no answer\non port 5432"),
                None,
                false,
                "✗ test: failure (was not ready in time · db: no answer on port 5432)",
            ),
            (
                Finish::with_note(Reason::ImagePull, "no such image"),
                None,
                false,
                "✗ test: error (the image could not be had · no such image)",
            ),
        ] {
            assert_eq!(step_end("test", &step(finish, started, ignored)).as_deref(), Some(text));
        }
        let running = StepDetail { state: StepState::Running { since: 1 }, ..step(Finish::exit(0), None, false) };
        assert_eq!(step_end("test", &running), None);
    }
}
