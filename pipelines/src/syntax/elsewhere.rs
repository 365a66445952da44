//! Keys that other CI systems have, or other sections of ours, and what to write here instead.

use super::keys::{CONDITION, Keys, STEP, WORKFLOW};
use crate::{
    report::Report,
    trigger::Event,
    yaml::{Node, Value},
};

/// Key elsewhere, and what to write here. For steps and services.
const IN_STEPS: &[(&[&str], &str)] = &[
    (&["script", "run", "cmd", "shell_commands"], "write `commands`, a list of lines"),
    (&["env", "variables", "vars"], "write `environment`, a map of name to value"),
    (&["needs", "requires", "dependencies"], "write `depends_on`"),
    (
        &["only", "except", "rules", "trigger", "on", "filters"],
        "write `when`, such as `when: {event: push, branch: main}`",
    ),
    (&["working_directory", "workdir", "working_dir", "cwd"], "write `directory`"),
    (&["user"], "write `backend_options: {docker: {user: …}}`"),
    (&["continue_on_error", "allow_failure", "soft_fail", "ignore_errors"], "write `failure: ignore`"),
    (&["timeout_minutes", "timeout_in_minutes"], "write `timeout` with a unit, such as `timeout: 10m`"),
    (&["with", "params", "config"], "write `settings`; a plugin gets each as `PLUGIN_NAME`"),
    (&["args", "arguments"], "write `entrypoint`, the program and its arguments"),
    (&["shell"], "commands run in the image's `sh`; write `entrypoint: [bash, -c, …]` for another"),
    (
        &["uses"],
        "GitHub's actions do not run here: write `image` and `commands`, or `image` and `settings` of a plugin",
    ),
    (&["stage", "stages", "parallel"], "write `depends_on` for the order of steps"),
    (&["before_script", "after_script"], "write the lines into `commands`; a step with `if: always` runs last"),
    (&["tags", "runs_on", "agents"], "write `labels` on the workflow: they choose the runner"),
    (&["container", "docker", "executor"], "write `image`"),
    (&["cap_add", "security_opt"], "write `privileged: true`, which takes a repository trusted with security"),
    (&["links"], "services are reachable by their name; remove it"),
    (&["healthcheck"], "write `ready`, such as `ready: 5432` or `ready: {command: pg_isready}`"),
    (&["restart", "restart_policy"], "nothing is restarted; `retry` on a step runs it again"),
];

/// The same for a file.
const IN_WORKFLOWS: &[(&[&str], &str)] = &[
    (&["stages", "jobs"], "write `steps`; a second job is a second file in `.slipway/`"),
    (&["on", "trigger", "triggers", "only", "except", "rules"], "write `when`, such as `when: {event: push}`"),
    (&["script", "commands"], "write it on a step, indented below it"),
    (&["env", "vars"], "write `environment` on each step; an anchor below `variables` keeps it in one place"),
    (&["needs", "requires"], "write `depends_on`, the names of other workflow files"),
    (&["runner", "node", "agent", "tags"], "write `labels`: they choose the runner"),
    (&["strategy"], "write `matrix`"),
    (&["inputs"], "write `parameters`"),
    (&["extends", "import", "imports", "template"], "write `include`"),
    (&["defaults", "anchors", "definitions"], "write `variables`, the place for anchors"),
    (&["name"], "a workflow is named by its file; remove it"),
    (&["type"], "remove it"),
    (&["working_directory", "directory"], "write `directory` on each step, or `workspace: {path: …}`"),
    (&["timeout_minutes"], "write `timeout` with a unit, such as `timeout: 10m`"),
    (&["volumes"], "write `volumes` on the steps; all steps of a workflow share the checkout anyway"),
    (
        &["image_pull_secrets"],
        "an administrator gives the registry's password: `slipway registries set OWNER/REPO HOST --username NAME`",
    ),
];

/// The same for conditions of `when`.
const IN_CONDITIONS: &[(&[&str], &str)] = &[
    (&["tags"], "write `event: tag`, and `ref: refs/tags/v*` for some of them"),
    (&["files", "changes", "changed", "paths_ignore"], "write `path`, such as `path: {exclude: [docs/**]}`"),
    (&["target", "deployment"], "write `evaluate: 'CI_PIPELINE_DEPLOY_TARGET == \"production\"'`"),
    (&["branches_ignore"], "write `branch: {exclude: […]}`"),
];

/// The same for patterns.
const IN_FILTERS: &[(&[&str], &str)] =
    &[(&["only"], "write `include`"), (&["except", "ignore", "not", "exclude_paths"], "write `exclude`")];

/// The same for `concurrency`.
const IN_CONCURRENCY: &[(&[&str], &str)] = &[
    (&["cancel_in_progress", "cancel_previous"], "write `cancel: superseded`"),
    (&["max", "max_parallel"], "write `limit`"),
    (&["name", "key", "resource_group"], "write `group`"),
];

/// The event that a word of other systems stands for.
pub(super) fn event(word: &str) -> Option<Event> {
    let plain = word.trim().to_lowercase().replace('-', "_");
    match plain.as_str() {
        "pr" | "pull" | "merge_request" | "merge_request_event" => Some(Event::PullRequest),
        "schedule" | "scheduled" => Some(Event::Cron),
        "promote" | "promotion" | "deploy" => Some(Event::Deployment),
        "workflow_dispatch" | "web" | "api" | "custom" | "trigger" => Some(Event::Manual),
        "tags" | "create" => Some(Event::Tag),
        "commit" | "branch" => Some(Event::Push),
        other => Event::parse(other),
    }
}

/// What to write instead of a key that a section does not have.
pub(super) fn advice(section: &Keys, key: &str) -> Option<String> {
    let plain = key.trim().to_lowercase().replace('-', "_");
    // GitHub's key is about machines, the older one of that name about outcomes.
    if key == "runs-on" {
        return Some("write `labels`: they choose the runner, and `image` on each step is what runs there".to_owned());
    }
    if section.knows(&plain) {
        return None;
    }
    let found = |table: &[(&[&str], &str)]| -> Option<String> {
        let row = table.iter().find(|(names, _)| names.contains(&plain.as_str()));
        row.map(|(_, help)| (*help).to_owned())
    };
    match section.name {
        "condition" => {
            let event = event(&plain).map(|event| format!("`{plain}` is no filter: write `event: {}`", event.as_str()));
            return found(IN_CONDITIONS).or(event);
        }
        "filter" | "path_filter" => return found(IN_FILTERS),
        "concurrency" => return found(IN_CONCURRENCY),
        _ => {}
    }
    let is_workflow = section.name == WORKFLOW.name;
    let is_step = matches!(section.name, "step" | "service" | "clone_step");
    let written = if is_workflow { found(IN_WORKFLOWS) } else { None };
    let written = written.or_else(|| if is_step { found(IN_STEPS) } else { None });
    if written.is_some() {
        return written;
    }
    if is_workflow && plain.starts_with("x_") {
        return Some("put anchors below `variables`".to_owned());
    }
    if is_workflow && STEP.knows(&plain) {
        return Some(format!("`{plain}` is a key of steps: write it on each that it is for, indented below it"));
    }
    if (is_workflow || is_step) && CONDITION.knows(&plain) {
        return Some(format!("`{plain}` is a key of `when`: indent it below, or write `when: {{{plain}: …}}`"));
    }
    if is_step && WORKFLOW.knows(&plain) {
        return Some(format!("`{plain}` is a key of the file: write it at its beginning, not indented"));
    }
    None
}

/// Another system's file, told by its keys.
struct Foreign {
    /// All must be there.
    keys: &'static [&'static str],
    message: &'static str,
    help: &'static str,
}

const FOREIGN: &[Foreign] = &[
    Foreign {
        keys: &["on", "jobs"],
        message: "this is a GitHub Actions workflow, and its syntax does not run here",
        help: "make a file in `.slipway/` of each job: `on` becomes `when`, `runs-on` becomes `labels`, `needs` becomes \
               `depends_on`, `container` becomes the `image` of each step, `run` becomes `commands`, `env` becomes \
               `environment`; the checkout is built in",
    },
    Foreign {
        keys: &["version", "jobs"],
        message: "this is a CircleCI configuration, and its syntax does not run here",
        help: "make a file in `.slipway/` of each job: its `docker` image becomes the `image` of each step, `run` becomes \
               `commands`, `requires` becomes `depends_on`; the checkout is built in",
    },
    Foreign {
        keys: &["version", "services"],
        message: "this is a Docker Compose file, and a workflow needs `steps`",
        help: "leave it as `docker-compose.yml`, and write a pipeline with `services_from: docker-compose.yml` and `steps`",
    },
];

const GITLAB: Foreign = Foreign {
    keys: &[],
    message: "this is a GitLab CI file, and its syntax does not run here",
    help: "write each job as an item of `steps` with its `image`: `script` becomes `commands`, `stage` and `needs` become \
           `depends_on`, `rules` and `only` become `when`, `variables` becomes `environment`, `tags` becomes `labels`",
};

/// Says so when a file without steps is another system's. All its keys would be unknown one by one otherwise.
pub(super) fn is_foreign(root: &Node, report: &mut Report) -> bool {
    let has = |key: &str| root.get(key).is_some();
    if ["steps", "pipeline", "kind"].into_iter().any(has) {
        return false;
    }
    let known = FOREIGN.iter().find(|foreign| foreign.keys.iter().all(|key| has(key)));
    let Some((foreign, at)) = known
        .map(|foreign| (foreign, foreign.keys.iter().rev().find_map(|key| root.key_span(key))))
        .or_else(|| gitlab_job(root).map(|at| (&GITLAB, Some(at))))
    else {
        return false;
    };
    report.error(at, foreign.message).help(foreign.help);
    true
}

/// A map with `script` right below the top is GitLab's way to write a job.
fn gitlab_job(root: &Node) -> Option<crate::diagnostic::Span> {
    let Value::Map(entries) = &root.value else { return None };
    let job = entries.iter().find(|entry| entry.value.get("script").is_some())?;
    Some(job.key_span)
}
