//! A build: its jobs and steps, and the log of one of them.

use askama::Template;
use slipway_pipelines::{
    repository::RepositoryName,
    state::{Finish, Millis, Status},
    trigger::Trigger,
};

use super::{ArtifactsView, FailuresView, Frame, LogView, Panel, PanelView, TestsView, paths, rows};
use crate::{
    ansi::Style,
    sign::Sign,
    time::{Moment, Span},
    words,
};

/// A build's page.
#[derive(Clone, Debug, Template)]
#[template(path = "build.html")]
pub struct BuildPage {
    /// Frame.
    pub frame: Frame,
    /// Its page, without a step.
    pub href: String,
    /// Its live state.
    pub stream: String,
    /// Whether a person chose the step; else the page goes with the build.
    pub chosen: bool,
    /// Number in its repository.
    pub number: u64,
    /// How it looks.
    pub status: Sign,
    /// Why it ended so, for people; may be empty.
    pub because: String,
    /// First line of the message.
    pub title: String,
    /// The message after its first line.
    pub message_rest: String,
    /// What started it.
    pub event: &'static str,
    /// Branch, tag or pull request.
    pub reference: String,
    /// The commit.
    pub sha: String,
    /// Its first digits.
    pub short_sha: String,
    /// Who wrote it.
    pub author: String,
    /// The forge's page of the change.
    pub change_url: Option<String>,
    /// When it was made.
    pub created: Moment,
    /// How long it ran.
    pub took: Option<Span>,
    /// Somebody's word that it waits for.
    pub approval: Option<ApprovalView>,
    /// Who gave it; empty where nobody did.
    pub approved_by: String,
    /// Whether it can be cancelled.
    pub can_cancel: bool,
    /// What of it can be run again.
    pub retries: Vec<RetryView>,
    /// The page of its pipeline.
    pub pipeline: String,
    /// What failed.
    pub failures: Option<FailuresView>,
    /// What can be opened above the log, and what is.
    pub panel: PanelView,
    /// What the compiler says, as plain text; may be empty.
    pub diagnostics: String,
    /// Whether it stopped the build.
    pub broken: bool,
    /// What people should know of it that changes no outcome.
    pub warnings: Vec<WarningView>,
    /// Its tests and coverage, if steps reported some.
    pub tests: Option<TestsView>,
    /// In the plan's order.
    pub jobs: Vec<JobView>,
    /// What filters left out.
    pub left_out: Vec<LeftOutView>,
    /// What it kept.
    pub artifacts: Option<ArtifactsView>,
    /// The log of the selected step.
    pub log: Option<LogView>,
    /// What unstyled text is compared with.
    plain: Style,
}

/// A job in the list.
#[derive(Clone, Debug)]
pub struct JobView {
    /// Position in the build.
    pub position: usize,
    /// Name.
    pub name: String,
    /// Status.
    pub status: Sign,
    /// Where it runs.
    pub hint: String,
    /// Which try this is, from 1.
    pub attempt: u32,
    /// Why it waits or ended so; may be empty.
    pub note: String,
    /// How long it ran.
    pub took: Option<Span>,
    /// Where it is run again; empty when it cannot be, or is all there is.
    pub retry: String,
    /// The same from the step that failed; empty as well when its workspace is gone.
    pub go_on: String,
    /// What its steps handed on, by name.
    pub outputs: Vec<(String, String)>,
    /// In the plan's order.
    pub steps: Vec<StepView>,
}

/// A step in the list.
#[derive(Clone, Debug)]
pub struct StepView {
    /// Position in its job.
    pub position: usize,
    /// Name.
    pub name: String,
    /// Its page.
    pub href: String,
    /// Status.
    pub status: Sign,
    /// Kind, and why it ended so.
    pub hint: String,
    /// What is special about it: `service`, `ignored`.
    pub mark: Option<&'static str>,
    /// Whether its log is shown.
    pub selected: bool,
    /// How long it ran.
    pub took: Option<Span>,
}

/// Why a build must be approved, and what to look at before.
#[derive(Clone, Debug)]
pub struct ApprovalView {
    /// Who opened the pull request; may be empty.
    pub sender: String,
    /// What the repository may do beyond a container's usual rights: `volumes and network`; mostly empty.
    pub trusted: String,
    /// Those of its changed files that say what runs.
    pub pipelines: Vec<String>,
}

/// A button that runs jobs again.
#[derive(Clone, Debug)]
pub struct RetryView {
    /// What it says.
    pub text: &'static str,
    /// Where it goes.
    pub action: String,
}

/// Warnings about a job or one of its steps.
#[derive(Clone, Debug)]
pub struct WarningView {
    /// Which: `job / step`.
    pub place: String,
    /// The page of the step, or of the build.
    pub href: String,
    /// Sentences.
    pub texts: Vec<String>,
}

/// What a filter left out.
#[derive(Clone, Debug)]
pub struct LeftOutView {
    /// Its name.
    pub what: String,
    /// In words.
    pub why: String,
}

impl BuildPage {
    /// A page without jobs, seen at `now`; `times` are when it was made, started and finished.
    pub fn new(
        name: &RepositoryName,
        number: u64,
        (status, finish): (Status, Option<&Finish>),
        trigger: &Trigger,
        times: (Millis, Option<Millis>, Option<Millis>),
        now: Millis,
    ) -> Self {
        let (created, started, finished) = times;
        let sign = Sign::new(status, finish);
        let message = trigger.message.trim();
        let url = trigger.url.clone().filter(|url| url.starts_with("https://") || url.starts_with("http://"));
        Self {
            frame: Frame::build(name, number, sign),
            href: paths::build(name, number),
            stream: paths::build_stream(name, number),
            chosen: false,
            number,
            status: sign,
            because: finish.map(words::because).unwrap_or_default(),
            title: rows::title(message).to_owned(),
            message_rest: message.split_once('\n').map(|(_, rest)| rest.trim().to_owned()).unwrap_or_default(),
            event: trigger.event().as_str(),
            reference: rows::reference(trigger),
            sha: trigger.sha.clone(),
            short_sha: rows::short(&trigger.sha).to_owned(),
            author: trigger.author.name.clone(),
            change_url: url,
            created: Moment::new(created, now),
            took: Span::new(started, finished, now),
            approval: None,
            approved_by: String::new(),
            can_cancel: !status.is_final(),
            retries: Vec::new(),
            pipeline: paths::pipeline(name, number),
            failures: None,
            panel: PanelView::default(),
            diagnostics: String::new(),
            broken: false,
            warnings: Vec::new(),
            tests: None,
            jobs: Vec::new(),
            left_out: Vec::new(),
            artifacts: None,
            log: None,
            plain: Style::default(),
        }
    }

    pub(crate) fn warning_count(&self) -> usize {
        self.warnings.iter().map(|warning| warning.texts.len()).sum()
    }
}
