//! What a row of the timeline is made from.

use slipway_pipelines::state::Millis;

use crate::sign::Sign;

/// What a part of the time goes into.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PartKind {
    /// A job waits for a runner.
    Queue,
    /// Everything that a step needs is done, and it does not run yet.
    Wait,
    /// An image comes from a registry.
    Pull,
    /// An image is built or loaded.
    Build,
    /// It runs.
    Run,
}

impl PartKind {
    /// The spelling of the API, and the class of its bars.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Wait => "wait",
            Self::Pull => "pull",
            Self::Build => "build",
            Self::Run => "run",
        }
    }

    /// In words.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Queue => "waited for a runner",
            Self::Wait => "waited",
            Self::Pull => "image pulled",
            Self::Build => "image built",
            Self::Run => "ran",
        }
    }
}

/// A part of a row's time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Part {
    /// What.
    pub kind: PartKind,
    /// Since when.
    pub from: Millis,
    /// Until when; `None` while it goes on.
    pub to: Option<Millis>,
}

/// A job, or a step of the job above it.
#[derive(Clone, Debug)]
pub struct Lane {
    /// Whether it is a job.
    pub is_job: bool,
    /// Its name.
    pub name: String,
    /// Its page; empty for jobs.
    pub href: String,
    /// How it looks.
    pub status: Sign,
    /// Whether others wait for its end: services are not waited for.
    pub is_awaited: bool,
    /// In the order in which they are drawn.
    pub parts: Vec<Part>,
    /// How long it usually takes.
    pub usual: Option<Millis>,
    /// The rows whose end it waited for.
    pub after: Vec<usize>,
}

impl Lane {
    /// When it was let go.
    pub(crate) fn started(&self) -> Option<Millis> {
        self.of(&[PartKind::Build, PartKind::Run]).map(|part| part.from).min()
    }

    /// When it ended, or `now` while it runs. `None` when it never started.
    pub(crate) fn ended(&self, now: Millis) -> Option<Millis> {
        self.of(&[PartKind::Build, PartKind::Run]).map(|part| part.to.unwrap_or(now)).max()
    }

    /// How long parts of a kind took, all together; `None` when there is none.
    pub(crate) fn length(&self, kind: PartKind, now: Millis) -> Option<Millis> {
        self.of(&[kind])
            .map(|part| (part.to.unwrap_or(now) - part.from).max(0))
            .reduce(|sum, length| sum.saturating_add(length))
    }

    /// Whether it goes on.
    pub(crate) fn is_open(&self) -> bool {
        self.of(&[PartKind::Build, PartKind::Run]).any(|part| part.to.is_none())
    }

    fn of<'a>(&'a self, kinds: &'a [PartKind]) -> impl Iterator<Item = &'a Part> {
        self.parts.iter().filter(move |part| kinds.contains(&part.kind))
    }
}
