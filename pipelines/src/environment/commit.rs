//! The commit.

use super::{repository::flag, value::Builder};
use crate::trigger::{Cause, Trigger};

pub(super) fn add(to: &mut Builder, trigger: &Trigger) {
    add_common(to, "CI_COMMIT", trigger);
    match &trigger.cause {
        Cause::Tag { tag } => to.add("CI_COMMIT_TAG", tag),
        Cause::Release { tag, prerelease, .. } => {
            to.add("CI_COMMIT_TAG", tag);
            to.add("CI_COMMIT_PRERELEASE", flag(*prerelease));
            to.add("CI_PIPELINE_RELEASE_PRE", flag(*prerelease));
        }
        Cause::PullRequest { number, labels, milestone, draft, .. } => {
            to.add("CI_COMMIT_PULL_REQUEST", number.to_string());
            to.add("CI_COMMIT_PULL_REQUEST_LABELS", labels.join(","));
            to.add("CI_COMMIT_PULL_REQUEST_MILESTONE", milestone);
            to.add("CI_COMMIT_PULL_REQUEST_DRAFT", flag(*draft));
        }
        Cause::Push { .. } | Cause::Deployment { .. } | Cause::Cron { .. } | Cause::Manual { .. } => {}
    }
}

pub(super) fn add_previous(to: &mut Builder, trigger: &Trigger) {
    add_common(to, "CI_PREV_COMMIT", trigger);
    to.add("CI_PREV_COMMIT_URL", trigger.url.as_deref().unwrap_or_default());
}

fn add_common(to: &mut Builder, prefix: &str, trigger: &Trigger) {
    let mut add = |name: &str, value: &str| to.add(&format!("{prefix}_{name}"), value);
    add("SHA", &trigger.sha);
    add("REF", &trigger.reference);
    add("BRANCH", trigger.branch());
    add("MESSAGE", &trigger.message);
    add("AUTHOR", &trigger.author.name);
    add("AUTHOR_EMAIL", &trigger.author.email);
    if trigger.timestamp != 0 {
        add("TIMESTAMP", &trigger.timestamp.to_string());
    }
    if let Cause::PullRequest { source_branch, target_branch, .. } = &trigger.cause {
        add("SOURCE_BRANCH", source_branch);
        add("TARGET_BRANCH", target_branch);
        add("REFSPEC", &format!("{source_branch}:{target_branch}"));
    }
}
