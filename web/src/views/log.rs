//! The log of one step: a window of lines, and what a script needs to go on from its end.

use slipway_pipelines::state::Millis;

use crate::{
    ansi::{self, Span},
    sign::Sign,
    time,
    usage::UsageView,
};

/// The pane that shows a log.
#[derive(Clone, Debug)]
pub struct LogView {
    /// `job/step/attempt`, by position: tells a script whether the pane shows the same log as before.
    pub key: String,
    /// Name of the job.
    pub job: String,
    /// Name of the step.
    pub step: String,
    /// Status of the step.
    pub status: Sign,
    /// Why it ended so, for people; may be empty.
    pub because: String,
    /// How long it ran.
    pub took: Option<time::Span>,
    /// What its container was made from.
    pub image: Option<ImageView>,
    /// This step's page.
    pub href: String,
    /// The whole log as a file.
    pub raw: String,
    /// The live log.
    pub stream: String,
    /// Which attempt of the job this is, from 1.
    pub attempt: u32,
    /// How many there are.
    pub attempts: u32,
    /// Length of the log in bytes.
    pub bytes: u64,
    /// The window.
    pub lines: Vec<LogLine>,
    /// Lines before the window.
    pub lines_before: u64,
    /// Page of the window before.
    pub earlier: Option<String>,
    /// Page of the window after.
    pub later: Option<String>,
    /// The line in the window that says what went wrong.
    pub trouble: Option<u64>,
    /// Where a script goes on reading: the first byte of the log's line that has not ended.
    pub offset: u64,
    /// Number of that line.
    pub next_line: u64,
    /// Lines of the log, the one that has not ended too.
    pub total: u64,
    /// SGR parameters in force there.
    pub style: String,
    /// When the step began; times may be counted from there.
    pub begin: Option<Millis>,
    /// The server's clock.
    pub now: Millis,
    /// Whether more may come.
    pub live: bool,
    /// What the step took of the machine.
    pub usage: Option<UsageView>,
    /// What is said while there is no line.
    pub quiet: &'static str,
}

/// An image.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ImageView {
    /// As the pipeline names it.
    pub name: String,
    /// Its digest, as short as people compare them.
    pub short: String,
    /// With its whole digest, or the engine's id where no registry has it.
    pub whole: String,
}

impl ImageView {
    /// Of a name, a digest and the engine's id.
    pub fn new(reference: &str, digest: Option<&str>, id: &str) -> Self {
        const LETTERS: usize = 12;
        let whole = digest.unwrap_or(id);
        let hex = whole.rsplit_once(':').map_or(whole, |(_, hex)| hex);
        // A name with a digest says it already.
        let name = reference.split_once('@').map_or(reference, |(name, _)| name);
        Self { name: name.to_owned(), short: hex.chars().take(LETTERS).collect(), whole: whole.to_owned() }
    }
}

/// One line of the window.
#[derive(Clone, Debug)]
pub struct LogLine {
    /// From 1.
    pub number: u64,
    /// Its text.
    pub line: ansi::Line,
    /// Its end has not come yet.
    pub unfinished: bool,
    /// It says what went wrong.
    pub trouble: bool,
}

/// A link to one attempt of a job.
#[derive(Clone, Debug)]
pub struct AttemptLink {
    /// From 1.
    pub number: u32,
    /// The step's page in it.
    pub href: String,
    /// It is shown now.
    pub current: bool,
}

impl LogLine {
    pub(crate) fn spans(&self) -> &[Span] {
        &self.line.spans
    }
}

impl LogView {
    pub(crate) fn has_lines(&self) -> bool {
        !self.lines.is_empty()
    }

    pub(crate) fn size(&self) -> String {
        time::size(self.bytes)
    }

    pub(crate) fn attempt_links(&self) -> Vec<AttemptLink> {
        let base = self.href.split('?').next().unwrap_or_default();
        (1..=self.attempts)
            .map(|number| AttemptLink {
                number,
                href: format!("{base}?attempt={number}"),
                current: number == self.attempt,
            })
            .collect()
    }
}
