//! A build's rows as its page.

use std::collections::HashMap;

use slipway_pipelines::{
    compile::LeftOut,
    context::Trusted,
    discovery,
    ids::RunnerId,
    lease::Claim,
    plan::StepKind,
    state::{JobState, Millis, Status},
};
use slipway_web::{
    sign::Sign,
    time::Span,
    views::{ApprovalView, BuildPage, JobView, LeftOutView, RetryView, StepView, WarningView, paths},
    words,
};

use super::failures_view::failures;
use crate::{
    api::{job_waits, times},
    store::model::{BuildDetail, JobDetail, StepDetail, Warning},
};

/// The page without a log. `selected` are the positions of job and step whose log is shown.
/// `kept` are the workspaces that runners still have.
pub(super) fn build_page(
    build: &BuildDetail,
    selected: Option<(usize, usize)>,
    kept: &HashMap<Claim, RunnerId>,
    now: Millis,
) -> BuildPage {
    let summary = &build.summary;
    let times = (summary.created, summary.started, summary.finished);
    let state = (summary.status, summary.finish.as_ref());
    let mut page = BuildPage::new(&build.repository.name, summary.number, state, &summary.trigger, times, now);
    page.failures = failures(build);
    page.approval = approval(build);
    page.approved_by = build.approved_by.clone().unwrap_or_default();
    page.retries = retries(build, kept, &page.href);
    page.diagnostics = build.diagnostics_text.clone();
    page.broken = build.jobs.is_empty();
    page.left_out = build
        .left_out
        .iter()
        .map(|LeftOut { what, why }| LeftOutView { what: what.clone(), why: why.clone() })
        .collect();
    page.warnings = warnings(build);
    page.jobs = build.jobs.iter().map(|job| job_view(build, job, selected, kept, now)).collect();
    page
}

/// What somebody should know who lets a blocked build run.
fn approval(build: &BuildDetail) -> Option<ApprovalView> {
    let trigger = &build.summary.trigger;
    (build.summary.status == Status::Blocked).then(|| ApprovalView {
        sender: trigger.sender.clone(),
        trusted: trusted(build.repository.trusted),
        pipelines: discovery::choose(trigger.changed_files.iter().flatten().map(String::as_str))
            .into_iter()
            .map(str::to_owned)
            .collect(),
    })
}

/// What a repository is trusted with, in words.
fn trusted(rights: Trusted) -> String {
    let Trusted { network, volumes, security } = rights;
    let names = [(network, "network"), (volumes, "volumes"), (security, "security")];
    names.into_iter().filter(|(is_given, _)| *is_given).map(|(_, name)| name).collect::<Vec<_>>().join(" and ")
}

/// What of a finished build can be run again: where some of several jobs failed, those or all; and where their workspaces are there,
/// from the step that failed.
fn retries(build: &BuildDetail, kept: &HashMap<Claim, RunnerId>, href: &str) -> Vec<RetryView> {
    if !build.summary.status.is_final() || build.jobs.is_empty() {
        return Vec::new();
    }
    let bad: Vec<&JobDetail> = build.jobs.iter().filter(|job| job.state.status().is_bad()).collect();
    let mut retries = Vec::new();
    if bad.iter().any(|job| goes_on(job, kept)) && bad.iter().all(|job| goes_on(job, kept) || !has_done_something(job))
    {
        let action = paths::retry_from_failed(&build.repository.name, build.summary.number, None);
        retries.push(RetryView { text: "Retry from failed step", action });
    }
    if bad.is_empty() || bad.len() == build.jobs.len() {
        retries.push(RetryView { text: "Retry", action: format!("{href}/retry") });
        return retries;
    }
    let action = |what| paths::retry(&build.repository.name, build.summary.number, what, None);
    retries.push(RetryView { text: "Retry failed", action: action("failed") });
    retries.push(RetryView { text: "Retry all", action: action("all") });
    retries
}

/// Whether the job can go on from the step that failed.
fn goes_on(job: &JobDetail, kept: &HashMap<Claim, RunnerId>) -> bool {
    job.state.status().is_bad() && kept.contains_key(&job.workspace)
}

/// Whether nothing that the job needs would run again with it: then it would begin anew.
fn has_its_needs(build: &BuildDetail, job: &JobDetail) -> bool {
    job.needs.iter().filter_map(|&need| build.jobs.get(need)).all(|need| !need.state.status().is_bad())
}

/// Whether a step before the failure went well, so that it matters where the job begins again.
fn has_done_something(job: &JobDetail) -> bool {
    let counts = |kind| !matches!(kind, StepKind::Clone | StepKind::Service);
    let is_well = |step: &StepDetail| match step.state.status() {
        Status::Success => true,
        Status::Failure => step.ignored,
        _ => false,
    };
    job.steps.iter().any(|step| counts(step.kind) && is_well(step))
}

/// The warnings of each place together.
fn warnings(build: &BuildDetail) -> Vec<WarningView> {
    let mut views: Vec<WarningView> = Vec::new();
    for view in build.warnings.iter().filter_map(|warning| warning_view(build, warning)) {
        match views.last_mut().filter(|last| last.place == view.place) {
            Some(last) => last.texts.extend(view.texts),
            None => views.push(view),
        }
    }
    views
}

fn warning_view(build: &BuildDetail, warning: &Warning) -> Option<WarningView> {
    let (name, number) = (&build.repository.name, build.summary.number);
    let job = build.jobs.get(warning.job)?;
    let (place, href) = match warning.step.and_then(|step| job.steps.get(step)) {
        Some(step) => {
            (format!("{} / {}", job.name, step.name), paths::step(name, number, job.position, step.position, None))
        }
        None => (job.name.clone(), paths::build(name, number)),
    };
    Some(WarningView { place, href, texts: vec![warning.text.clone()] })
}

fn job_view(
    build: &BuildDetail,
    job: &JobDetail,
    selected: Option<(usize, usize)>,
    kept: &HashMap<Claim, RunnerId>,
    now: Millis,
) -> JobView {
    let (started, finished, finish) = match &job.state {
        JobState::Running { started, .. } => (Some(*started), None, None),
        JobState::Stopping { started, .. } => (*started, None, None),
        JobState::Finished { started, at, finish } => (*started, Some(*at), Some(finish)),
        JobState::Blocked
        | JobState::Waiting
        | JobState::Queued { .. }
        | JobState::Held { .. }
        | JobState::Delayed { .. }
        | JobState::Leased { .. } => (None, None, None),
    };
    let steps = job.steps.iter().map(|step| {
        let (started, finished, finish) = times(&step.state);
        let because = finish.map(words::because).unwrap_or_default();
        let status = step.state.status().as_str();
        let earlier = step.ran_in.map(|attempt| format!("ran in attempt {attempt}")).unwrap_or_default();
        StepView {
            position: step.position,
            name: step.name.clone(),
            href: paths::step(&build.repository.name, build.summary.number, job.position, step.position, None),
            status: Sign::of_step(step.state.status(), finish, step.ignored),
            hint: [step.kind.as_str(), status, &because, &earlier]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join(" · "),
            mark: match (step.ignored && step.state.status().is_bad(), step.kind) {
                (false, _) if step.ran_in.is_some() => Some("earlier"),
                (true, _) => Some("ignored"),
                (false, StepKind::Service) => Some("service"),
                (false, StepKind::Clone | StepKind::Commands | StepKind::Plugin | StepKind::Build) => None,
            },
            selected: selected == Some((job.position, step.position)),
            took: Span::new(started, finished, now),
        }
    });
    JobView {
        position: job.position,
        name: job.name.clone(),
        status: Sign::new(job.state.status(), finish),
        hint: job.runner.as_ref().map(|runner| format!("on {runner}")).unwrap_or_default(),
        attempt: job.attempt,
        note: note(build, job),
        took: Span::new(started, finished, now),
        retry: if build.summary.status.is_final() && build.jobs.len() > 1 {
            paths::retry(&build.repository.name, build.summary.number, "job", Some(&job.name))
        } else {
            String::new()
        },
        go_on: if build.summary.status.is_final()
            && build.jobs.len() > 1
            && goes_on(job, kept)
            && has_its_needs(build, job)
        {
            paths::retry_from_failed(&build.repository.name, build.summary.number, Some(&job.name))
        } else {
            String::new()
        },
        outputs: job.outputs.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
        steps: steps.collect(),
    }
}

/// Why a job waits, or ended as it did.
fn note(build: &BuildDetail, job: &JobDetail) -> String {
    match &job.state {
        JobState::Stopping { .. } => "is being stopped".to_owned(),
        // A step that failed says so itself.
        JobState::Finished { finish, .. } if finish.note.is_empty() && finish.exit_code.is_some() => String::new(),
        JobState::Finished { finish, .. } => words::because(finish),
        _ => job_waits(build, job).unwrap_or_default(),
    }
}
