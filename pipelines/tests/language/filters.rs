//! `when`.

use slipway_pipelines::{
    compile::compile,
    context::Context,
    trigger::{Cause, PullRequestAction},
};

use crate::common::*;

fn pull_request() -> Context {
    because(Cause::PullRequest {
        action: PullRequestAction::Updated,
        number: 4,
        title: "t".into(),
        source_branch: "fix/roof".into(),
        target_branch: "main".into(),
        labels: vec![],
        milestone: String::new(),
        draft: false,
        from_fork: false,
    })
}

fn on_branch(branch: &str) -> Context {
    because(Cause::Push { branch: branch.into(), before: None })
}

fn changing(files: &[&str]) -> Context {
    let mut context = push();
    context.trigger.changed_files = Some(files.iter().map(|file| (*file).to_owned()).collect());
    context
}

/// Whether a step with this `when` runs; else why not.
fn runs(when: &str, context: &Context) -> Result<(), String> {
    let text = format!("steps:\n- {{name: a, image: x, commands: [b], when: {when}}}\n");
    let done = compile(&[file(".slipway.yml", &text)], context);
    assert_eq!(done.diagnostics, [], "{when}");
    match done.left_out.first() {
        None => Ok(()),
        Some(left) => Err(left.why.strip_prefix("its `when` takes ").unwrap().to_owned()),
    }
}

#[track_caller]
fn fits(when: &str, context: &Context) {
    assert_eq!(runs(when, context), Ok(()), "{when}");
}

#[track_caller]
fn misses(when: &str, context: &Context, why: &str) {
    assert_eq!(runs(when, context), Err(why.to_owned()), "{when}");
}

#[test]
fn events_and_branches() {
    fits("{event: [tag, push]}", &push());
    misses("{event: [tag, manual]}", &push(), "event `tag` or `manual`, this is `push`");
    fits("{branch: main}", &push());
    fits("{branch: main}", &pull_request());
    misses("{branch: fix/*}", &pull_request(), "branch `fix/*`, this is `main`");
    fits("{branch: main}", &tag("v1"));
    fits("{event: tag, ref: refs/tags/v*}", &tag("v1.2"));
    misses("{event: tag, ref: refs/tags/v*}", &tag("x1"), "ref `refs/tags/v*`, this is `refs/tags/x1`");
    fits("{branch: release/*}", &on_branch("release/1"));
    misses("{branch: release/*}", &on_branch("release/1/2"), "branch `release/*`, this is `release/1/2`");
    fits("{branch: release/**}", &on_branch("release/1/2"));
    fits("{branch: release/**}", &on_branch("release"));
    fits("{branch: '{main,next}'}", &on_branch("next"));
    fits("{branch: {exclude: [old, older]}}", &push());
    misses("{branch: {include: '*', exclude: [main]}}", &push(), "branch `*` without `main`, this is `main`");
    misses("{branch: x}", &on_branch("; rm -rf /"), "branch `x`, this is `; rm -rf /`");
}

#[test]
fn conditions_are_alternatives_of_conjunctions() {
    fits("[{event: tag}, {event: push, branch: main}]", &push());
    misses(
        "[{event: tag}, {event: push, branch: x}]",
        &push(),
        "event `tag`, this is `push`; or branch `x`, this is `main`",
    );
    fits("[]", &push());
    fits("{}", &push());
}

#[test]
fn the_other_texts() {
    fits("{repo: me/*}", &push());
    misses("{repo: you/*}", &push(), "repository `you/*`, this is `me/thing`");
    fits("{instance: ci}", &push());
    misses("{instance: other}", &push(), "instance `other`, this is `ci`");
    fits("{cron: nightly}", &push());
    let cron = because(Cause::Cron { name: "weekly".into(), branch: "main".into() });
    misses("{cron: nightly}", &cron, "cron `nightly`, this is `weekly`");
    misses("{platform: linux/*}", &push(), "platform `linux/*`, and the workflow has no label `platform`");
    let labelled =
        "labels: {platform: linux/arm64}\nsteps: [{name: a, image: x, commands: [b], when: {platform: linux/*}}]";
    assert_eq!(job(labelled).plan.environment_of(1)["CI_SYSTEM_PLATFORM"], "linux/arm64");
}

#[test]
fn paths() {
    let docs = changing(&["docs/a.md", "docs/b/c.md"]);
    fits("{path: docs/**}", &docs);
    fits("{path: ['src/**', '**/*.md']}", &docs);
    misses("{path: src/**}", &docs, "path `src/**`, and no changed path is such");
    fits("{path: {exclude: [docs/a.md]}}", &docs);
    misses("{path: {exclude: ['docs/**']}}", &docs, "path anything but `docs/**`, and no changed path is such");
    fits("{path: {include: [src/**], ignore_message: '[ALL]'}}", &{
        let mut context = docs.clone();
        context.trigger.message = "x [all]".into();
        context
    });
    fits("{path: src/**}", &changing(&[]));
    misses("{path: {include: [src/**], on_empty: false}}", &changing(&[]), "changed paths, and there are none");
    fits("{path: src/**}", &push());
    let mut tagged = tag("v1");
    tagged.trigger.changed_files = Some(vec!["docs/a.md".into()]);
    fits("{path: src/**}", &tagged);
}

#[test]
fn what_becomes_of_a_pull_request_runs_files_that_name_it_only() {
    let mut closed = pull_request();
    let Cause::PullRequest { action, .. } = &mut closed.trigger.cause else { unreachable!() };
    *action = PullRequestAction::Closed;
    let step = "steps:\n- {name: a, image: x, commands: [b]}\n";
    let named = "when: {event: [push, pull_request_closed]}";
    for (text, steps, why) in [
        (step.to_owned(), 0, "no `when` of it names the event `pull_request_closed`"),
        (format!("when: {{event: [pull_request]}}\n{step}"), 0, "its `when` takes event"),
        (format!("when: {{branch: main}}\n{step}"), 0, "no `when` of it names"),
        (format!("{named}\n{step}"), 1, ""),
        // Then all of the file is as for other events.
        (format!("{step}- {{name: c, image: x, commands: [d], {named}}}\n"), 2, ""),
    ] {
        let done = compile(&[file(".slipway.yml", &text)], &closed);
        assert_eq!(done.diagnostics, [], "{text}");
        let ran = done.jobs.first().map_or(0, |job| job.plan.steps.iter().filter(|step| step.name != "clone").count());
        assert_eq!(ran, steps, "{text}");
        assert!(steps > 0 || done.left_out[0].why.starts_with(why), "{:?}", done.left_out);
    }
}
