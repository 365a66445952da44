//! A plan for programs. Secrets are there by name only.

use serde_json::{Value, json};
use slipway_pipelines::{
    compile::CompiledJob,
    plan::{OnFailure, Plan, RunsOn, Step},
};

use super::{Outline, notes};

pub(super) fn json(outline: &Outline) -> Value {
    let trigger = &outline.trigger;
    json!({
        "event": trigger.event(),
        "branch": Some(trigger.branch()).filter(|branch| !branch.is_empty()),
        "tag": trigger.tag(),
        "sha": trigger.sha,
        "changed_files": trigger.changed_files,
        "files": outline.files,
        "jobs": outline.jobs.iter().map(|job| of_job(job, &outline.jobs)).collect::<Vec<_>>(),
        "left_out": outline.left_out,
        "parameters": outline.parameters,
    })
}

fn of_job(job: &CompiledJob, jobs: &[CompiledJob]) -> Value {
    let needs: Vec<&str> = job.needs.iter().filter_map(|need| jobs.get(*need)).map(|need| need.name.as_str()).collect();
    json!({
        "name": job.name,
        "workflow": job.workflow,
        "needs": needs,
        "runs_on": runs_on(job.runs_on),
        "labels": job.labels,
        "values": job.plan.values,
        "retry": job.retry,
        "concurrency": job.concurrency,
        "timeout_seconds": job.plan.timeout_seconds,
        "workspace": job.plan.workspace.path,
        "steps": job.plan.steps.iter().map(|step| of_step(step, &job.plan)).collect::<Vec<_>>(),
    })
}

fn of_step(step: &Step, plan: &Plan) -> Value {
    let container = step.container();
    json!({
        "name": step.name,
        "kind": step.kind(),
        "image": Some(notes::image(step)).filter(|image| !image.is_empty()),
        "build": container.and_then(|container| match &container.image {
            slipway_pipelines::plan::Image::Build(build) => Some(build),
            slipway_pipelines::plan::Image::Registry { .. } | slipway_pipelines::plan::Image::Load { .. } => None,
        }),
        "needs": notes::needs(step, plan),
        "runs_on": runs_on(step.runs_on),
        "failure": match step.on_failure {
            OnFailure::Fail => "fail",
            OnFailure::Ignore => "ignore",
            OnFailure::Cancel => "cancel",
            OnFailure::Start => "start",
        },
        "is_awaited": step.is_awaited(),
        "retry": step.retry,
        "timeout_seconds": step.timeout_seconds,
        "ready": container.and_then(|container| container.ready.as_ref()),
        "resources": container.map(|container| container.resources),
        "secrets": notes::secrets(step),
        "outputs": step.outputs,
    })
}

fn runs_on(runs_on: RunsOn) -> Vec<&'static str> {
    [(runs_on.success, "success"), (runs_on.failure, "failure")]
        .into_iter()
        .filter_map(|(fits, word)| fits.then_some(word))
        .collect()
}
