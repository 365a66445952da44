//! The JSON of the API.

use serde::Serialize;
use slipway_pipelines::{
    compile::LeftOut,
    context::Trusted,
    plan::{Environment, StepKind},
    repository::RepositoryName,
    state::{Finish, JobState, Millis, Reason, Status, StepState},
    wire::{PushedImage, UsedImage},
};
use slipway_web::time::rfc3339;

use super::{
    tests::{CoverageJson, TestsJson},
    waiting::job_waits,
};
use crate::{
    links,
    store::model::{BuildDetail, BuildSummary, JobDetail, PushedBy, Repository, StepDetail, Warning},
};

/// A repository. Never has a credential.
#[derive(Debug, Serialize)]
pub(crate) struct RepositoryJson {
    owner: String,
    name: String,
    forge: &'static str,
    default_branch: String,
    private: bool,
    trusted: TrustedJson,
    clone_url: Option<String>,
    /// Slipway's own remote.
    git_url: String,
    url: String,
    webhook_url: Option<String>,
    created_at: String,
}

/// What a repository may do beyond a container's usual rights.
#[derive(Debug, Serialize)]
struct TrustedJson {
    network: bool,
    volumes: bool,
    security: bool,
}

/// A build, as lists have it.
#[derive(Debug, Serialize)]
pub(crate) struct BuildJson {
    number: u64,
    status: Status,
    reason: Option<Reason>,
    note: Option<String>,
    event: &'static str,
    branch: Option<String>,
    tag: Option<String>,
    sha: String,
    message: String,
    author: String,
    parent: Option<u64>,
    url: String,
    created_at: String,
    started_at: Option<String>,
    finished_at: Option<String>,
}

/// A build with its jobs.
#[derive(Debug, Serialize)]
pub(crate) struct BuildDetailJson {
    #[serde(flatten)]
    build: BuildJson,
    /// What the compiler said, for people; empty when it had nothing to say.
    diagnostics: String,
    left_out: Vec<LeftOut>,
    /// Who let it run; null where nobody had to, or nobody has yet.
    approved_by: Option<String>,
    warnings: Vec<WarningJson>,
    /// Null: no step reported tests.
    tests: Option<TestsJson>,
    /// Null: no step reported coverage.
    coverage: Option<CoverageJson>,
    jobs: Vec<JobJson>,
}

/// What people should know of a build that changes no outcome.
#[derive(Debug, Serialize)]
struct WarningJson {
    job: String,
    step: Option<String>,
    text: String,
}

#[derive(Debug, Serialize)]
struct JobJson {
    name: String,
    status: Status,
    reason: Option<Reason>,
    note: Option<String>,
    runner: Option<String>,
    attempt: u32,
    /// Why it waits, in words; null when it does not.
    waits: Option<String>,
    /// What its steps handed to later steps and jobs.
    outputs: Environment,
    /// What its steps put into registries.
    images: Vec<PushedJson>,
    steps: Vec<StepJson>,
}

#[derive(Debug, Serialize)]
struct PushedJson {
    reference: String,
    digest: String,
    /// Name of the step.
    step: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct StepJson {
    name: String,
    kind: StepKind,
    status: Status,
    reason: Option<Reason>,
    note: Option<String>,
    exit_code: Option<i32>,
    started_at: Option<String>,
    finished_at: Option<String>,
    /// What its container was made from; null before, and of steps without one.
    image: Option<ImageJson>,
    /// The attempt that it ran in and whose log is its own, when that is an earlier one; else null.
    ran_in: Option<u32>,
}

#[derive(Debug, Serialize)]
struct ImageJson {
    reference: String,
    /// `name@sha256:…`; null for an image that no registry is known to have.
    digest: Option<String>,
    /// The engine's.
    id: String,
}

impl RepositoryJson {
    pub(crate) fn new(repository: &Repository, public_url: &str) -> Self {
        let name = &repository.name;
        let Trusted { network, volumes, security } = repository.trusted;
        Self {
            owner: name.owner().to_owned(),
            name: name.name().to_owned(),
            forge: repository.forge.as_str(),
            default_branch: repository.default_branch.clone(),
            private: repository.private,
            trusted: TrustedJson { network, volumes, security },
            clone_url: repository.clone_url.clone(),
            git_url: format!("{public_url}{}", links::git(name)),
            url: format!("{public_url}{}", links::repository(name)),
            webhook_url: super::repos::webhook_url(repository, public_url),
            created_at: rfc3339(repository.created),
        }
    }
}

impl BuildJson {
    pub(crate) fn new(repository: &Repository, build: &BuildSummary, public_url: &str) -> Self {
        Self::of(&repository.name, build, public_url)
    }

    /// The same where no more than the repository's name is known.
    pub(crate) fn of(repository: &RepositoryName, build: &BuildSummary, public_url: &str) -> Self {
        let trigger = &build.trigger;
        let (reason, note) = ended(build.finish.as_ref());
        Self {
            number: build.number,
            status: build.status,
            reason,
            note,
            event: trigger.event().as_str(),
            branch: Some(trigger.branch().to_owned()).filter(|branch| !branch.is_empty()),
            tag: trigger.tag().map(str::to_owned),
            sha: trigger.sha.clone(),
            message: trigger.message.clone(),
            author: trigger.author.name.clone(),
            parent: build.parent,
            url: format!("{public_url}{}", links::build(repository, build.number)),
            created_at: rfc3339(build.created),
            started_at: build.started.map(rfc3339),
            finished_at: build.finished.map(rfc3339),
        }
    }
}

impl BuildDetailJson {
    pub(crate) fn new(build: &BuildDetail, public_url: &str) -> Self {
        Self {
            build: BuildJson::new(&build.repository, &build.summary, public_url),
            diagnostics: build.diagnostics_text.clone(),
            left_out: build.left_out.clone(),
            approved_by: build.approved_by.clone(),
            tests: TestsJson::new(&build.reports),
            coverage: build.reports.coverage.map(CoverageJson::new),
            warnings: build.warnings.iter().filter_map(|warning| WarningJson::new(build, warning)).collect(),
            jobs: build.jobs.iter().map(|job| JobJson::new(build, job)).collect(),
        }
    }
}

impl WarningJson {
    fn new(build: &BuildDetail, warning: &Warning) -> Option<Self> {
        let job = build.jobs.get(warning.job)?;
        let step = warning.step.and_then(|step| job.steps.get(step)).map(|step| step.name.clone());
        Some(Self { job: job.name.clone(), step, text: warning.text.clone() })
    }
}

impl JobJson {
    fn new(build: &BuildDetail, job: &JobDetail) -> Self {
        let (reason, note) = ended(match &job.state {
            JobState::Finished { finish, .. } => Some(finish),
            JobState::Blocked
            | JobState::Waiting
            | JobState::Queued { .. }
            | JobState::Held { .. }
            | JobState::Delayed { .. }
            | JobState::Leased { .. }
            | JobState::Running { .. }
            | JobState::Stopping { .. } => None,
        });
        Self {
            name: job.name.clone(),
            status: job.state.status(),
            reason,
            note,
            runner: job.runner.clone(),
            attempt: job.attempt,
            waits: job_waits(build, job),
            outputs: job.outputs.clone(),
            images: job.pushed.iter().map(|pushed| PushedJson::new(job, pushed)).collect(),
            steps: job.steps.iter().map(StepJson::new).collect(),
        }
    }
}

impl PushedJson {
    fn new(job: &JobDetail, pushed: &PushedBy) -> Self {
        let PushedBy { step, image: PushedImage { reference, digest } } = pushed.clone();
        Self { reference, digest, step: job.steps.get(step).map(|step| step.name.clone()).unwrap_or_default() }
    }
}

impl StepJson {
    pub(crate) fn new(step: &StepDetail) -> Self {
        let (started, finished, finish) = times(&step.state);
        let (reason, note) = ended(finish);
        Self {
            name: step.name.clone(),
            kind: step.kind,
            status: step.state.status(),
            reason,
            note,
            exit_code: finish.and_then(|finish| finish.exit_code),
            started_at: started.map(rfc3339),
            finished_at: finished.map(rfc3339),
            image: step.image.clone().map(|UsedImage { reference, digest, id }| ImageJson { reference, digest, id }),
            ran_in: step.ran_in,
        }
    }
}

/// When a step started and ended, and how.
pub(crate) fn times(state: &StepState) -> (Option<Millis>, Option<Millis>, Option<&Finish>) {
    match state {
        StepState::Pending => (None, None, None),
        StepState::Running { since } => (Some(*since), None, None),
        StepState::Finished { finish, started, at } => (*started, Some(*at), Some(finish)),
    }
}

fn ended(finish: Option<&Finish>) -> (Option<Reason>, Option<String>) {
    let note = finish.map(|finish| finish.note.clone()).filter(|note| !note.is_empty());
    (finish.map(|finish| finish.reason), note)
}
