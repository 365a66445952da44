//! What is to be said of a job or a step besides its name.

use slipway_pipelines::{
    compile::CompiledJob,
    plan::{
        Access, Action, Image, Mount, MountSource, OnFailure, Plan, Program, Pull, ReadyCheck, Resources, Retry,
        RunsOn, SecretPart, Step,
    },
};

use crate::words;

/// How long a job may run when nobody says otherwise.
const USUAL_TIMEOUT: u64 = 3600;

pub(super) fn of_job(job: &CompiledJob, jobs: &[CompiledJob]) -> Vec<String> {
    let mut notes = Vec::new();
    let needs: Vec<&str> = job.needs.iter().filter_map(|need| jobs.get(*need)).map(|need| need.name.as_str()).collect();
    if !needs.is_empty() {
        notes.push(format!("after {}", needs.join(", ")));
    }
    notes.extend(runs_on(job.runs_on));
    if !job.labels.is_empty() {
        let labels: Vec<String> = job.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        notes.push(format!("labels {}", labels.join(" ")));
    }
    if let Some(concurrency) = &job.concurrency {
        let group =
            if concurrency.group == job.workflow { String::new() } else { format!(" in `{}`", concurrency.group) };
        let cancel = if concurrency.cancel_superseded { ", newer ones cancel older ones" } else { "" };
        notes.push(format!("at most {} at once{group}{cancel}", concurrency.limit));
    }
    notes.extend(job.retry.as_ref().map(retry));
    if job.plan.timeout_seconds != USUAL_TIMEOUT {
        notes.push(format!("timeout {}", words::seconds(job.plan.timeout_seconds)));
    }
    notes
}

pub(super) fn of_step(step: &Step, plan: &Plan) -> Vec<String> {
    let mut notes = Vec::new();
    let needs = needs(step, plan);
    if !needs.is_empty() {
        notes.push(format!("after {}", needs.join(", ")));
    }
    notes.extend(runs_on(step.runs_on));
    match (step.on_failure, step.is_awaited()) {
        (OnFailure::Ignore, _) => notes.push("failure is a warning".to_owned()),
        (OnFailure::Cancel, _) => notes.push("failure cancels the build".to_owned()),
        (OnFailure::Fail, false) => notes.push("failure counts".to_owned()),
        (OnFailure::Fail, true) | (OnFailure::Start, _) => {}
    }
    if matches!(step.action, Action::Detach(_)) {
        notes.push("detached".to_owned());
    }
    notes.extend(step.retry.as_ref().map(retry));
    notes.extend(step.timeout_seconds.map(|seconds| format!("timeout {}", words::seconds(seconds))));
    if let Some(container) = step.container() {
        if let Some(ready) = &container.ready {
            let check = match &ready.check {
                ReadyCheck::Command { command } => format!("`{}`", command.lines().next().unwrap_or_default()),
                ReadyCheck::Program { program, .. } => {
                    format!("`{}`", program.join(" ").lines().next().unwrap_or_default())
                }
                ReadyCheck::Port { port } => format!("port {port}"),
                ReadyCheck::Health => "its health check".to_owned(),
            };
            notes.push(format!("ready by {check} within {}", words::seconds(ready.timeout_seconds)));
        }
        notes.extend(resources(&container.resources));
        notes.extend(access(&container.access));
        notes.extend(container.mounts.iter().map(mount));
    }
    let secrets = secrets(step);
    if !secrets.is_empty() {
        notes.push(format!("secrets {}", secrets.join(", ")));
    }
    if !step.outputs.is_empty() {
        notes.push(format!("outputs {}", step.outputs.join(", ")));
    }
    notes
}

/// Names of the steps that it needs.
pub(super) fn needs<'a>(step: &Step, plan: &'a Plan) -> Vec<&'a str> {
    step.needs.iter().filter_map(|need| plan.steps.get(*need)).map(|need| need.name.as_str()).collect()
}

/// Names of the secrets that it is given.
pub(super) fn secrets(step: &Step) -> Vec<&str> {
    let names = step.secrets.values().flatten().filter_map(|part| match part {
        SecretPart::Text(_) => None,
        SecretPart::Secret(name) | SecretPart::Json(name) => Some(name.as_str()),
    });
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The image, or what makes it; nothing for a checkout.
pub(super) fn image(step: &Step) -> String {
    match step.container().map(|container| (&container.image, &container.program)) {
        None => String::new(),
        Some((Image::Registry { reference, pull }, _)) => match pull {
            Pull::Missing => reference.clone(),
            Pull::Always => format!("{reference} (pulled each time)"),
            Pull::Never => format!("{reference} (never pulled)"),
        },
        Some((Image::Build(build), Program::Nothing)) => format!("builds {}", build.dockerfile),
        Some((Image::Build(build), _)) => format!("from {}", build.dockerfile),
        Some((Image::Load { path }, _)) => format!("from {path}"),
    }
}

/// `volume data at /data, read-only`
fn mount(mount: &Mount) -> String {
    let source = match &mount.source {
        MountSource::Volume { name, .. } => format!("volume {name}"),
        MountSource::Workspace { path, .. } => path.clone(),
        MountSource::Own => "volume of its own".to_owned(),
    };
    format!("{source} at {}{}", mount.target, if mount.read_only { ", read-only" } else { "" })
}

fn runs_on(runs_on: RunsOn) -> Option<String> {
    match (runs_on.success, runs_on.failure) {
        (true, false) => None,
        (true, true) => Some("always".to_owned()),
        (false, true) => Some("on failure".to_owned()),
        (false, false) => Some("never".to_owned()),
    }
}

fn retry(retry: &Retry) -> String {
    let on: Vec<String> = retry.on.iter().map(ToString::to_string).collect();
    let delay = match retry.delay_seconds {
        0 => String::new(),
        seconds => format!(", {} apart", words::seconds(seconds)),
    };
    format!(
        "up to {} on {}{delay}",
        words::count(usize::try_from(retry.max).unwrap_or(0), "more try").replace("trys", "tries"),
        on.join(", ")
    )
}

fn resources(resources: &Resources) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(millis) = resources.cpu_millis {
        notes.push(format!("{} CPU", f64::from(millis) / 1000.0));
    }
    if let Some(bytes) = resources.memory_bytes {
        notes.push(format!("{} MiB", bytes >> 20));
    }
    notes.extend(resources.pids.map(|pids| format!("{pids} processes")));
    notes
}

fn access(access: &Access) -> Vec<String> {
    let mut notes = Vec::new();
    if access.privileged {
        notes.push("privileged".to_owned());
    }
    let lists = [
        ("volumes", &access.volumes),
        ("devices", &access.devices),
        ("tmpfs", &access.tmpfs),
        ("hosts", &access.extra_hosts),
    ];
    for (name, list) in lists {
        if !list.is_empty() {
            notes.push(format!("{name} {}", list.join(" ")));
        }
    }
    notes.extend(access.network_mode.as_ref().map(|mode| format!("network {mode}")));
    notes.extend(access.user.as_ref().map(|user| format!("user {user}")));
    notes
}
