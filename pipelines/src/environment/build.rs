//! The build and the server.

use super::value::Builder;
use crate::{
    context::{Context, Previous},
    trigger::{Cause, Trigger},
};

/// Most changed paths that are listed.
const MOST_FILES: usize = 500;
/// Longest list of changed paths, in bytes.
const MOST_LIST: usize = 60 * 1024;

pub(super) fn add(to: &mut Builder, context: &Context) {
    let (build, system, trigger) = (&context.build, &context.system, &context.trigger);
    to.add("CI", "true");
    to.add("CI_NAME", "slipway");
    to.add("SLIPWAY", "true");
    to.add("CI_SYSTEM_NAME", &system.name);
    to.add("CI_SYSTEM_URL", &system.url);
    to.add("CI_SYSTEM_HOST", &system.host);
    to.add("CI_SYSTEM_VERSION", &system.version);
    to.add("CI_PIPELINE_NUMBER", build.number.to_string());
    to.add("CI_PIPELINE_PARENT", build.parent.to_string());
    to.add("CI_PIPELINE_URL", &build.url);
    to.add("CI_PIPELINE_CREATED", seconds(build.created));
    to.add("CI_PIPELINE_STARTED", seconds(build.created));
    to.add("CI_PIPELINE_RERUNS", build.reruns.to_string());
    add_trigger(to, "CI_PIPELINE", trigger);
    if let Some(files) = trigger.changed_files.as_ref().filter(|files| files.len() <= MOST_FILES) {
        let list = serde_json::Value::from(files.clone()).to_string();
        if list.len() <= MOST_LIST {
            to.add("CI_PIPELINE_FILES", list);
        }
    }
}

pub(super) fn add_previous(to: &mut Builder, previous: &Previous) {
    to.add("CI_PREV_PIPELINE_NUMBER", previous.number.to_string());
    to.add("CI_PREV_PIPELINE_PARENT", previous.parent.to_string());
    to.add("CI_PREV_PIPELINE_URL", &previous.url);
    to.add("CI_PREV_PIPELINE_STATUS", &previous.status);
    to.add("CI_PREV_PIPELINE_CREATED", seconds(previous.created));
    to.add("CI_PREV_PIPELINE_STARTED", seconds(previous.started));
    to.add("CI_PREV_PIPELINE_FINISHED", seconds(previous.finished));
    add_trigger(to, "CI_PREV_PIPELINE", &previous.trigger);
}

fn add_trigger(to: &mut Builder, prefix: &str, trigger: &Trigger) {
    let mut add = |name: &str, value: &str| to.add(&format!("{prefix}_{name}"), value);
    add("EVENT", trigger.event().as_str());
    add("AUTHOR", &trigger.sender);
    add("FORGE_URL", trigger.url.as_deref().unwrap_or_default());
    match &trigger.cause {
        Cause::Deployment { target, task, .. } => {
            add("DEPLOY_TARGET", target);
            add("DEPLOY_TASK", task);
        }
        Cause::Release { title, .. } => add("RELEASE_TITLE", title),
        Cause::Push { .. }
        | Cause::Tag { .. }
        | Cause::PullRequest { .. }
        | Cause::Cron { .. }
        | Cause::Manual { .. } => {}
    }
}

/// Unix seconds; nothing for never.
pub(super) fn seconds(millis: i64) -> String {
    if millis == 0 { String::new() } else { (millis / 1000).to_string() }
}
