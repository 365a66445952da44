//! The sentences of a pusher's terminal. Pure.

use slipway_pipelines::state::{Finish, JobState, Millis, Status, StepState};

use crate::store::model::{BuildDetail, StepDetail};

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

/// How something ended: `success`, `failure (exit code 1)`, `error: the image does not exist`.
fn ending(finish: &Finish) -> String {
    let status = finish.status().as_str();
    let code = match finish.exit_code {
        Some(code) if code != 0 => format!(" (exit code {code})"),
        _ => String::new(),
    };
    let note = match (finish.note.as_str(), finish.status(), finish.exit_code) {
        ("", Status::Success, _) | ("", _, Some(_)) => String::new(),
        ("", _, None) => format!(" ({})", finish.reason.as_str()),
        (note, _, _) => format!(": {note}"),
    };
    format!("{status}{code}{note}")
}

/// The line at a step's end; `None` while it has not ended. `label` names the step.
pub(super) fn step_end(label: &str, step: &StepDetail) -> Option<String> {
    let StepState::Finished { finish, started, at } = &step.state else { return None };
    let took = started.map(|started| format!(", {}", duration(at - started))).unwrap_or_default();
    let ignored = if step.ignored && finish.status() == Status::Failure { ", ignored" } else { "" };
    Some(format!("{} {label}: {}{took}{ignored}", mark(finish.status()), ending(finish)))
}

/// The last line of a build.
pub(super) fn build_end(detail: &BuildDetail) -> String {
    let summary = &detail.summary;
    let how = summary.finish.as_ref().map_or_else(|| summary.status.as_str().to_owned(), ending);
    let took = match (summary.started, summary.finished) {
        (Some(started), Some(finished)) => format!(" in {}", duration(finished - started)),
        _ => String::new(),
    };
    format!("{} build {}: {how}{took}", mark(summary.status), summary.number)
}

/// What a build waits for, when nothing of it runs for a while.
pub(super) fn waiting(detail: &BuildDetail) -> Option<String> {
    let queued = detail.jobs.iter().filter(|job| matches!(job.state, JobState::Queued { .. })).count();
    let running = detail
        .jobs
        .iter()
        .any(|job| !matches!(job.state, JobState::Queued { .. } | JobState::Waiting | JobState::Finished { .. }));
    (queued > 0 && !running).then(|| {
        let jobs = if queued == 1 { "1 job waits".to_owned() } else { format!("{queued} jobs wait") };
        format!("{jobs} for a free runner")
    })
}

/// A step's name in this build: with the job's where there are several.
pub(super) fn label(jobs: usize, job: &str, step: &str) -> String {
    if jobs > 1 { format!("{job}/{step}") } else { step.to_owned() }
}

fn mark(status: Status) -> &'static str {
    match status {
        Status::Success => "✓",
        Status::Failure | Status::Error | Status::Lost | Status::Cancelled => "✗",
        Status::Skipped | Status::Pending | Status::Blocked | Status::Running => "-",
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
            (Finish::exit(1), Some(1000), false, "✗ test: failure (exit code 1), 2.5 s"),
            (Finish::exit(1), Some(1000), true, "✗ test: failure (exit code 1), 2.5 s, ignored"),
            (Finish::because(Reason::Needs), None, false, "- test: skipped (needs)"),
            (Finish::with_note(Reason::ImagePull, "no such image"), None, false, "✗ test: error: no such image"),
        ] {
            assert_eq!(step_end("test", &step(finish, started, ignored)).as_deref(), Some(text));
        }
        let running = StepDetail { state: StepState::Running { since: 1 }, ..step(Finish::exit(0), None, false) };
        assert_eq!(step_end("test", &running), None);
    }
}
