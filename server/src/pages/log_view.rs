//! A step and a window of its log as the pane of a build's page.

use slipway_pipelines::{
    repository::RepositoryName,
    state::{Millis, Status},
};
use slipway_web::{
    ansi::{Line, Parser},
    sign::Sign,
    time::Span,
    views::{ImageView, LogLine, LogView, paths},
    words,
};

use super::window::Window;
use crate::{
    api::{StepLog, times},
    store::model::StepDetail,
};

/// How many lines further back the link to earlier ones goes.
const BACK: u64 = 1500;

/// Where the pane is: its build, and what of it was asked for.
pub(super) struct Place<'a> {
    pub(super) repository: &'a RepositoryName,
    pub(super) number: u64,
    /// The job's last attempt.
    pub(super) attempts: u32,
    pub(super) now: Millis,
}

/// The pane.
pub(super) fn log_view(place: &Place<'_>, log: &StepLog, step: &StepDetail, window: Window, bytes: u64) -> LogView {
    let (job, position) = (log.job.position, log.step);
    let attempt = Some(log.job.attempt).filter(|attempt| *attempt != place.attempts);
    let href = paths::step(place.repository, place.number, job, position, attempt);
    let page = |line: u64| format!("{href}{}line={line}", if href.contains('?') { '&' } else { '?' });
    let (started, finished, finish) = times(&step.state);
    let status = step.state.status();
    let (first, next, more) = (window.first, window.next(), window.more);
    let drawn = draw(window);
    let earlier = (first > 1).then(|| page(first.saturating_sub(BACK).max(1)));
    LogView {
        key: format!("{job}/{position}/{}", log.job.attempt),
        job: log.job.name.clone(),
        step: step.name.clone(),
        status: Sign::of_step(status, finish, step.ignored),
        because: finish.map(words::because).unwrap_or_default(),
        took: Span::new(started, finished, place.now),
        image: step.image.as_ref().map(|used| ImageView::new(&used.reference, used.digest.as_deref(), &used.id)),
        raw: paths::raw_log(place.repository, place.number, job, position, Some(log.job.attempt)),
        stream: paths::log_stream(place.repository, place.number, job, position, Some(log.job.attempt)),
        attempt: log.job.attempt,
        attempts: place.attempts,
        bytes,
        lines: drawn.lines,
        lines_before: first - 1,
        earlier,
        later: more.then(|| page(next + 90)),
        offset: drawn.offset,
        next_line: next,
        style: drawn.style,
        live: !status.is_final(),
        quiet: quiet(status),
        href,
    }
}

/// What a pane without a line says.
fn quiet(status: Status) -> &'static str {
    match status {
        Status::Pending | Status::Blocked => "Waits for its turn.",
        Status::Running => "Nothing written yet.",
        Status::Skipped => "Not run.",
        Status::Success | Status::Failure | Status::Error | Status::Cancelled | Status::Lost => "Nothing was written.",
    }
}

struct Drawn {
    lines: Vec<LogLine>,
    /// Offset of the line that has not ended.
    offset: u64,
    /// SGR parameters in force there.
    style: String,
}

fn draw(window: Window) -> Drawn {
    let Window { first, start, bytes, more } = window;
    // A line that goes on outside of the window is shown as far as it goes.
    let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let (mut parser, mut whole) = (Parser::new(), Vec::new());
    parser.push(&String::from_utf8_lossy(&bytes[..end]), &mut whole);
    let style = parser.style().parameters();
    let line = |(number, line): (u64, Line)| LogLine { number, line, unfinished: false };
    let mut lines: Vec<LogLine> = (first..).zip(whole).map(line).collect();
    parser.push(&String::from_utf8_lossy(&bytes[end..]), &mut Vec::new());
    if let Some(rest) = parser.rest() {
        let number = first + lines.len() as u64;
        let line = Line { spans: rest.spans.clone(), cut: rest.cut || more };
        lines.push(LogLine { number, line, unfinished: true });
    }
    Drawn { lines, offset: start + end as u64, style }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_goes_on_at_the_line_that_has_not_ended() {
        let bytes = b"\x1b[31mred\nstill \x1b[1mbo".to_vec();
        let drawn = draw(Window { first: 7, start: 100, bytes, more: false });
        assert_eq!(drawn.offset, 100 + 9);
        assert_eq!(drawn.style, "38;5;1", "what was in force where that line begins");
        let shape: Vec<_> =
            drawn.lines.iter().map(|line| (line.number, line.unfinished, line.line.spans.len())).collect();
        assert_eq!(shape, [(7, false, 1), (8, true, 2)]);
    }
}
