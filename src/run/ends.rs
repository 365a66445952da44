//! How something ended, in words.

use slipway_pipelines::state::{Finish, Reason, Status};

/// `exit code 3`, `not run: what it needs did not end well`
pub(super) fn words(finish: &Finish) -> String {
    let what = match finish.reason {
        // Of a job: the note has the code, too.
        Reason::ExitCode if finish.note.starts_with("step `") => return finish.note.clone(),
        Reason::Needs if !finish.note.is_empty() => "not run".to_owned(),
        Reason::Ok => "ok".to_owned(),
        Reason::OkWithWarnings => "ok, with warnings".to_owned(),
        Reason::Stopped => "stopped with its job".to_owned(),
        Reason::ExitCode => match finish.exit_code {
            Some(code) => format!("exit code {code}"),
            None => "failed".to_owned(),
        },
        Reason::OomKilled => "out of memory".to_owned(),
        Reason::Timeout => "timeout".to_owned(),
        Reason::NotReady => "not ready".to_owned(),
        Reason::ImageBuild => "the image did not build".to_owned(),
        Reason::Artifacts => "artifacts".to_owned(),
        Reason::ImagePull => "no image".to_owned(),
        Reason::ImagePush => "the image was not pushed".to_owned(),
        Reason::Clone => "no checkout".to_owned(),
        Reason::Config => "the pipeline is wrong".to_owned(),
        Reason::Infra => "error".to_owned(),
        Reason::Cancelled => "stopped".to_owned(),
        Reason::CancelledByStep => "cancelled".to_owned(),
        Reason::Superseded => "superseded".to_owned(),
        Reason::Needs => "not run: what it needs did not end well".to_owned(),
        Reason::Condition => "not run: it is for another outcome".to_owned(),
        Reason::JobEnded => "not run: the job ended before".to_owned(),
        Reason::Lost => "lost".to_owned(),
    };
    if finish.note.is_empty() { what } else { format!("{what}: {}", finish.note) }
}

/// The sign before it.
pub(super) fn mark(finish: &Finish, is_ignored: bool) -> char {
    match finish.status() {
        Status::Failure | Status::Error if is_ignored => '!',
        Status::Success if finish.reason == Reason::OkWithWarnings => '!',
        Status::Success if finish.reason == Reason::Stopped => '■',
        Status::Success => '✓',
        Status::Cancelled => '■',
        Status::Failure | Status::Error | Status::Lost => '✗',
        Status::Skipped | Status::Pending | Status::Blocked | Status::Running => '·',
    }
}

/// ANSI colour of a mark.
pub(super) fn color(mark: char) -> &'static str {
    match mark {
        '✓' => "\x1b[32m",
        '✗' => "\x1b[31m",
        '!' => "\x1b[33m",
        _ => "\x1b[2m",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_said_twice() {
        let of = |reason, note: &str| words(&Finish { exit_code: Some(3), ..Finish::with_note(reason, note) });
        assert_eq!(of(Reason::ExitCode, ""), "exit code 3");
        assert_eq!(of(Reason::ExitCode, "2 retries"), "exit code 3: 2 retries");
        assert_eq!(of(Reason::ExitCode, "step `a` exited with code 3"), "step `a` exited with code 3");
        assert_eq!(of(Reason::Needs, "`a` failed"), "not run: `a` failed");
        assert_eq!(of(Reason::Needs, ""), "not run: what it needs did not end well");
    }

    #[test]
    fn an_ignored_failure_is_no_plain_green() {
        assert_eq!(mark(&Finish::exit(1), true), '!');
        assert_eq!(mark(&Finish::because(Reason::OkWithWarnings), false), '!');
        assert_eq!((mark(&Finish::exit(0), true), mark(&Finish::exit(1), false)), ('✓', '✗'));
    }
}
