//! A step and a window of its log as the pane of a build's page.

use slipway_pipelines::{
    repository::RepositoryName,
    state::{JobState, Millis, Status},
    wire::Usage,
};
use slipway_web::{
    ansi::{Line, Parser},
    sign::Sign,
    time::Span,
    usage::UsageView,
    views::{ImageView, LogLine, LogView, paths},
    words,
};

use super::window::Window;
use crate::{
    api::{StepLog, times},
    store::model::StepDetail,
};

/// How many lines further back the link to earlier ones goes.
const BACK: u64 = 250;

/// Where the pane is: its build, and what of it was asked for.
pub(super) struct Place<'a> {
    pub(super) repository: &'a RepositoryName,
    pub(super) number: u64,
    /// The job's last attempt.
    pub(super) attempts: u32,
    pub(super) now: Millis,
}

/// The pane.
pub(super) fn log_view(
    place: &Place<'_>,
    log: &StepLog,
    step: &StepDetail,
    window: Window,
    usage: Option<&Usage>,
) -> LogView {
    let (job, position) = (log.job.position, log.step);
    let attempt = Some(log.job.attempt).filter(|attempt| *attempt != place.attempts);
    let href = paths::step(place.repository, place.number, job, position, attempt);
    let page = |line: u64| format!("{href}{}line={line}", if href.contains('?') { '&' } else { '?' });
    let (started, finished, finish) = times(&step.state);
    let status = step.state.status();
    let lines = &window.lines;
    let (first, next, more) = (lines.first, lines.next(), window.more);
    let earlier = (first > 1 && lines.count > 0).then(|| page(first.saturating_sub(BACK).max(1)));
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
        bytes: lines.index.length(),
        lines: draw(&window),
        lines_before: first - 1,
        earlier,
        later: more.then(|| page(next + 90)),
        trouble: window.trouble,
        offset: window.offset,
        next_line: lines.index.ended() + 1,
        total: lines.index.lines(),
        style: window.style.parameters(),
        begin: started,
        now: place.now,
        live: !status.is_final(),
        usage: usage
            .zip(started)
            .and_then(|(usage, began)| UsageView::new(usage, began, finished.unwrap_or(place.now))),
        // A step does not know what its job waits for.
        quiet: quiet(if log.job.state == JobState::Blocked { Status::Blocked } else { status }),
        href,
    }
}

/// What a pane without a line says.
fn quiet(status: Status) -> &'static str {
    match status {
        Status::Blocked => "Waits for somebody's approval.",
        Status::Pending => "Waits for its turn.",
        Status::Running => "Nothing written yet.",
        Status::Skipped => "Not run.",
        Status::Success | Status::Failure | Status::Error | Status::Cancelled | Status::Lost => "Nothing was written.",
    }
}

/// The lines as they look. One that goes on outside of the window is shown as far as it goes.
fn draw(window: &Window) -> Vec<LogLine> {
    let lines = &window.lines;
    let (mut parser, mut drawn) = (Parser::styled(lines.style), Vec::new());
    parser.push(&String::from_utf8_lossy(&lines.bytes), &mut drawn);
    let ended = drawn.len();
    if let Some(rest) = parser.rest() {
        drawn.push(Line { spans: rest.spans.clone(), cut: rest.cut || lines.cut });
    }
    let line = |(at, line): (usize, Line)| LogLine {
        number: lines.first + at as u64,
        trouble: window.trouble == Some(lines.first + at as u64),
        line,
        unfinished: at >= ended,
    };
    drawn.into_iter().enumerate().map(line).collect()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::logs::Lines;

    #[test]
    fn a_window_goes_on_in_the_style_before_it() {
        let bytes = Bytes::from_static(b"red\nstill \x1b[1mbo");
        let mut style = slipway_web::ansi::Style::default();
        style.apply("31");
        let lines = Lines { first: 7, start: 100, bytes, count: 2, style, ..Lines::default() };
        let drawn = draw(&Window { lines, trouble: Some(8), ..Window::default() });
        let shape: Vec<_> =
            drawn.iter().map(|line| (line.number, line.unfinished, line.trouble, line.line.spans.len())).collect();
        assert_eq!(shape, [(7, false, false, 1), (8, true, true, 2)]);
        assert_eq!(drawn[0].line.spans[0].classes(), "f1");
    }
}
