//! `DRONE_*`, for plugins that were written for Drone.

use crate::{context::Context, plan::Environment, trigger::Cause};

/// Drone's name, and ours for the same.
const SAME: [(&str, &str); 29] = [
    ("DRONE_BRANCH", "CI_COMMIT_BRANCH"),
    ("DRONE_BUILD_CREATED", "CI_PIPELINE_CREATED"),
    ("DRONE_BUILD_EVENT", "CI_PIPELINE_EVENT"),
    ("DRONE_BUILD_LINK", "CI_PIPELINE_URL"),
    ("DRONE_BUILD_NUMBER", "CI_PIPELINE_NUMBER"),
    ("DRONE_BUILD_PARENT", "CI_PIPELINE_PARENT"),
    ("DRONE_BUILD_STARTED", "CI_PIPELINE_STARTED"),
    ("DRONE_COMMIT", "CI_COMMIT_SHA"),
    ("DRONE_COMMIT_AUTHOR", "CI_COMMIT_AUTHOR"),
    ("DRONE_COMMIT_AUTHOR_EMAIL", "CI_COMMIT_AUTHOR_EMAIL"),
    ("DRONE_COMMIT_AUTHOR_NAME", "CI_COMMIT_AUTHOR"),
    ("DRONE_COMMIT_BRANCH", "CI_COMMIT_BRANCH"),
    ("DRONE_COMMIT_LINK", "CI_PIPELINE_FORGE_URL"),
    ("DRONE_COMMIT_MESSAGE", "CI_COMMIT_MESSAGE"),
    ("DRONE_COMMIT_REF", "CI_COMMIT_REF"),
    ("DRONE_COMMIT_SHA", "CI_COMMIT_SHA"),
    ("DRONE_GIT_HTTP_URL", "CI_REPO_CLONE_URL"),
    ("DRONE_PULL_REQUEST", "CI_COMMIT_PULL_REQUEST"),
    ("DRONE_REMOTE_URL", "CI_REPO_CLONE_URL"),
    ("DRONE_REPO", "CI_REPO"),
    ("DRONE_REPO_BRANCH", "CI_REPO_DEFAULT_BRANCH"),
    ("DRONE_REPO_LINK", "CI_REPO_URL"),
    ("DRONE_REPO_NAME", "CI_REPO_NAME"),
    ("DRONE_REPO_OWNER", "CI_REPO_OWNER"),
    ("DRONE_REPO_PRIVATE", "CI_REPO_PRIVATE"),
    ("DRONE_SOURCE_BRANCH", "CI_COMMIT_SOURCE_BRANCH"),
    ("DRONE_SYSTEM_HOST", "CI_SYSTEM_HOST"),
    ("DRONE_TAG", "CI_COMMIT_TAG"),
    ("DRONE_TARGET_BRANCH", "CI_COMMIT_TARGET_BRANCH"),
];

/// Drone's names for what is there, given everything that holds for the build. The runner adds `DRONE_BUILD_STATUS`, and the plan
/// the step's number.
pub(crate) fn of_plugins(build: &Environment, context: &Context) -> Environment {
    let known = |(drone, ours): &(&str, &str)| Some(((*drone).to_owned(), build.get(*ours)?.clone()));
    let mut environment: Environment = SAME.iter().filter_map(known).collect();
    environment.insert("DRONE".to_owned(), "true".to_owned());
    environment.insert("DRONE_REPO_SCM".to_owned(), "git".to_owned());
    let before = match &context.trigger.cause {
        Cause::Push { before: Some(before), .. } => Some(before),
        _ => context.previous.as_ref().map(|previous| &previous.trigger.sha),
    };
    if let Some(before) = before.filter(|before| !before.is_empty()) {
        environment.insert("DRONE_COMMIT_BEFORE".to_owned(), super::value::fitting(before));
    }
    environment
}
