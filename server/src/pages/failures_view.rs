//! What failed in a build, at one glance.

use slipway_pipelines::state::{JobState, Status};
use slipway_web::{
    views::{FailureView, FailuresView, paths},
    words,
};

use crate::{
    api::times,
    store::model::{BuildDetail, JobDetail},
};

fn failed(status: Status) -> bool {
    matches!(status, Status::Failure | Status::Error | Status::Lost)
}

/// The steps that made jobs fail, and the jobs that failed without one; `None` when all is well so far.
pub(super) fn failures(build: &BuildDetail) -> Option<FailuresView> {
    let bad = build.jobs.iter().filter(|job| failed(job.state.status()));
    let failing = build.jobs.iter().filter(|job| failed(job.state.status()) || !steps(build, job).is_empty());
    let items = failing.flat_map(|job| {
        let steps = steps(build, job);
        if steps.is_empty() { whole(job).into_iter().collect() } else { steps }
    });
    FailuresView::new(bad.count().max(1), build.jobs.len(), items.collect())
}

/// The steps of a job that failed and count. What a service that was stopped says does not.
fn steps(build: &BuildDetail, job: &JobDetail) -> Vec<FailureView> {
    let bad = job.steps.iter().filter(|step| failed(step.state.status()) && !step.ignored);
    bad.map(|step| FailureView {
        place: format!("{} / {}", job.name, step.name),
        href: paths::step(&build.repository.name, build.summary.number, job.position, step.position, None),
        why: times(&step.state).2.map(words::because).unwrap_or_default(),
    })
    .collect()
}

fn whole(job: &JobDetail) -> Option<FailureView> {
    let JobState::Finished { finish, .. } = &job.state else { return None };
    Some(FailureView { place: job.name.clone(), href: String::new(), why: words::because(finish) })
}
