//! What a statement says. Pure.

use serde_json::{Value, json};
use slipway_web::{time::rfc3339, views::paths};

use crate::{
    api::times,
    store::model::{BuildDetail, JobDetail, StepDetail},
};

/// Meaning of the parameters below; described in the server's README.
const BUILD_TYPE: &str = "urn:slipway:build:v1";

/// What was made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Subject<'a> {
    /// Path of an artifact, or an image's reference.
    pub(crate) name: &'a str,
    /// In hexadecimal.
    pub(crate) sha256: &'a str,
}

/// Where it was made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Made<'a> {
    pub(crate) build: &'a BuildDetail,
    pub(crate) job: &'a JobDetail,
    pub(crate) step: &'a StepDetail,
}

impl<'a> Made<'a> {
    /// By positions.
    pub(crate) fn at(build: &'a BuildDetail, job: usize, step: usize) -> Option<Self> {
        let job = build.jobs.get(job)?;
        Some(Self { build, job, step: job.steps.get(step)? })
    }
}

/// The statement about a subject. `url` is the server's.
pub(crate) fn statement(url: &str, version: &str, subject: &Subject<'_>, made: Made<'_>) -> Value {
    let Made { build, job, step } = made;
    let (trigger, name) = (&build.summary.trigger, &build.repository.name);
    let attempt = step.ran_in.unwrap_or(job.attempt);
    let page = paths::step(name, build.summary.number, job.position, step.position, Some(attempt));
    let (started, finished, _) = times(&step.state);
    let mut metadata = json!({ "invocationId": format!("{url}{page}") });
    if let Some(at) = started {
        metadata["startedOn"] = rfc3339(at).into();
    }
    if let Some(at) = finished {
        metadata["finishedOn"] = rfc3339(at).into();
    }
    let mut parameters = json!({
        "repository": name.to_string(),
        "commit": trigger.sha,
        "ref": trigger.reference,
        "event": trigger.event().as_str(),
        "build": build.summary.number,
        "workflow": job.workflow,
        "job": job.name,
        "attempt": attempt,
        "step": step.name,
    });
    if let Some(given) = trigger.given() {
        parameters["parameters"] = json!(given);
    }
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": subject.name, "digest": { "sha256": subject.sha256 } }],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": parameters,
                "internalParameters": { "runner": job.runner },
                "resolvedDependencies": dependencies(url, made),
            },
            "runDetails": {
                "builder": { "id": url, "version": { "slipway": version } },
                "metadata": metadata,
            },
        },
    })
}

/// The commit, and the images of the job's steps.
fn dependencies(url: &str, Made { build, job, .. }: Made<'_>) -> Vec<Value> {
    let (repository, trigger) = (&build.repository, &build.summary.trigger);
    let own = || format!("{url}/git/{}.git", repository.name);
    let source = repository.clone_url.clone().unwrap_or_else(own);
    let mut found = vec![json!({
        "uri": format!("git+{source}@{}", trigger.reference),
        "digest": { "gitCommit": trigger.sha },
    })];
    for image in job.steps.iter().filter_map(|step| step.image.as_ref()) {
        let digest = image.digest.as_deref().and_then(|digest| digest.rsplit_once("@sha256:"));
        let image = match digest {
            Some((_, hex)) => json!({ "uri": format!("docker://{}", image.reference), "digest": { "sha256": hex } }),
            // Never pushed or pulled: the engine's own id is all that there is.
            None => json!({ "uri": format!("docker://{}", image.reference), "annotations": { "imageId": image.id } }),
        };
        if !found.contains(&image) {
            found.push(image);
        }
    }
    found
}
