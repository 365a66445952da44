//! Queue and runners: who works on what, what waits and why.

use askama::Template;

use super::{Crumb, Frame, paths};
use crate::time::{Moment, Span, size};

/// The page of queue and runners.
#[derive(Clone, Debug, Template)]
#[template(path = "queue.html")]
pub struct QueuePage {
    /// Frame.
    pub frame: Frame,
    /// Who paused the queue, and when.
    pub paused: Option<(String, Moment)>,
    /// By name.
    pub runners: Vec<RunnerRow>,
    /// Jobs without a runner, oldest build first.
    pub waiting: Vec<WaitRow>,
    /// How many more wait.
    pub more: usize,
}

/// How a runner is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RunnerState {
    /// It has nothing to do.
    Idle,
    /// It has jobs.
    Busy,
    /// It gets nothing new.
    Drained,
    /// Nothing was heard of it lately.
    Away,
}

/// A runner in the list.
#[derive(Clone, Debug)]
pub struct RunnerRow {
    /// Its name.
    pub name: String,
    /// Where its buttons go, without the last part.
    pub path: String,
    /// How it is.
    pub state: RunnerState,
    /// Who drained it, and when.
    pub drained: Option<(String, Moment)>,
    /// Most jobs at once.
    pub slots: u32,
    /// What it has.
    pub jobs: Vec<RunningJob>,
    /// Slipway's version on it.
    pub version: String,
    /// `name=value`.
    pub labels: Vec<String>,
    /// The disk of its data folder.
    pub disk: Option<DiskView>,
    /// When it was last heard of.
    pub seen: Moment,
}

/// A runner's disk.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DiskView {
    /// `12.3 GiB of 99.1 GiB free`
    pub text: String,
    /// There is so little that jobs will soon fail.
    pub is_low: bool,
}

impl DiskView {
    /// Of bytes.
    pub fn new(free: u64, total: u64) -> Self {
        const LOW: u64 = 2 << 30;
        Self { text: format!("{} of {} free", size(free), size(total)), is_low: free < LOW.max(total / 50) }
    }
}

/// A job that a runner has.
#[derive(Clone, Debug)]
pub struct RunningJob {
    /// `owner/name`.
    pub repository: String,
    /// Number of its build.
    pub number: u64,
    /// Its name.
    pub job: String,
    /// Its build's page.
    pub href: String,
    /// How long it runs; `None` before its first step.
    pub took: Option<Span>,
    /// Whether it was told to stop.
    pub stops: bool,
}

/// A job that waits.
#[derive(Clone, Debug)]
pub struct WaitRow {
    /// `owner/name`.
    pub repository: String,
    /// Number of its build.
    pub number: u64,
    /// Its name.
    pub job: String,
    /// Its build's page.
    pub href: String,
    /// What it waits for.
    pub why: String,
    /// Since when.
    pub since: Moment,
}

impl RunnerState {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Busy => "busy",
            Self::Drained => "drained",
            Self::Away => "away",
        }
    }

    /// The class of the sign that it looks like.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Idle => "s-success",
            Self::Busy => "s-running",
            Self::Drained => "s-blocked",
            Self::Away => "s-lost",
        }
    }
}

impl QueuePage {
    /// A page without anything in its lists.
    pub fn new() -> Self {
        let mut frame = Frame::new("Queue");
        frame.crumbs.push(Crumb { text: "Queue".to_owned(), href: paths::QUEUE.to_owned() });
        Self { frame, paused: None, runners: Vec::new(), waiting: Vec::new(), more: 0 }
    }

    /// Jobs that runners have, slots of those that take new ones.
    pub(crate) fn figures(&self) -> (usize, u32) {
        let open = self.runners.iter().filter(|runner| matches!(runner.state, RunnerState::Idle | RunnerState::Busy));
        (self.runners.iter().map(|runner| runner.jobs.len()).sum(), open.map(|runner| runner.slots).sum())
    }
}

impl Default for QueuePage {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_space_is_said_to_be_little() {
        let low = |free: u64, total: u64| DiskView::new(free << 30, total << 30).is_low;
        assert_eq!([low(1, 100), low(3, 100), low(3, 1000), low(30, 1000)], [true, false, true, false]);
        assert_eq!(DiskView::new(3 << 30, 8 << 30).text, "3.0 GiB of 8.0 GiB free");
    }
}
