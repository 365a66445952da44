//! Workflows, matrix cells, and what they depend on.

use slipway_pipelines::{
    compile::{Compilation, compile},
    plan::RunsOn,
};

use crate::common::*;

const STEP: &str = "steps: [{name: a, image: x, commands: [true]}]";

fn several(files: &[(&str, &str)]) -> Compilation {
    let files: Vec<_> =
        files.iter().map(|(name, head)| file(&format!(".slipway/{name}"), &format!("{head}\n{STEP}\n"))).collect();
    compile(&files, &push())
}

fn needs(done: &Compilation) -> Vec<String> {
    assert_eq!(done.diagnostics, []);
    let name = |at: &usize| done.jobs[*at].name.clone();
    let line = |job: &slipway_pipelines::compile::CompiledJob| {
        format!("{} <- {}", job.name, job.needs.iter().map(name).collect::<Vec<_>>().join(", "))
    };
    done.jobs.iter().map(line).map(|line| line.trim_end().to_owned()).collect()
}

#[test]
fn workflows_depend_on_each_other_by_name() {
    let done = several(&[
        ("test.yml", "depends_on: [build, lint]"),
        ("build.yaml", ""),
        ("lint.yml", "depends_on: {name: ghost, optional: true}"),
    ]);
    assert_eq!(needs(&done), ["build <-", "lint <-", "test <- build, lint"]);
    let number = |at: usize| done.jobs[at].plan.environment_of(1)["CI_WORKFLOW_NUMBER"].clone();
    assert_eq!((number(0), number(2)), ("1".into(), "3".into()));
}

#[test]
fn cells_are_jobs_and_a_dependency_means_all_of_them() {
    let done = several(&[("a.yml", "matrix: {OS: [linux, bsd], GO: [1.20, 1.3]}"), ("b.yml", "depends_on: a")]);
    assert_eq!(
        needs(&done),
        [
            "a (GO=1.20, OS=linux) <-",
            "a (GO=1.20, OS=bsd) <-",
            "a (GO=1.3, OS=linux) <-",
            "a (GO=1.3, OS=bsd) <-",
            "b <- a (GO=1.20, OS=linux), a (GO=1.20, OS=bsd), a (GO=1.3, OS=linux), a (GO=1.3, OS=bsd)",
        ]
    );
    assert_eq!(done.jobs[1].plan.environment_of(1)["GO"], "1.20");
    assert_eq!(done.jobs[1].plan.name, done.jobs[1].name);
}

#[test]
fn cells_can_be_listed_and_used() {
    let done = compiled(
        "
matrix: {include: [{TAG: '1.24', OS: linux}, {TAG: '1.25'}]}
labels: {os: \"${OS=any}\", empty: ''}
steps:
  - {name: a, image: 'golang:${TAG}', commands: ['echo ${TAG}']}
  - {name: b, image: x, commands: [true], when: {matrix: {OS: lin*}}}
",
    );
    assert_eq!(done.diagnostics, []);
    let first = &done.jobs[0];
    assert_eq!(first.name, "slipway (OS=linux, TAG=1.24)");
    assert_eq!(first.labels, [("os".to_owned(), "linux".to_owned())].into());
    assert_eq!(graph(&first.plan), ["clone <-", "a <- clone", "b <- a"]);
    assert_eq!(done.jobs[1].labels["os"], "any");
    assert_eq!(done.left_out[0].what, "step `b` of `slipway (TAG=1.25)`");
    assert_eq!(done.left_out[0].why, "its `when` takes `OS` `lin*`, this is ``");
}

#[test]
fn what_depends_on_a_workflow_left_out_is_left_out() {
    let done = several(&[
        ("a.yml", "when: {event: tag}"),
        ("b.yml", "depends_on: a"),
        ("c.yml", "depends_on: b"),
        ("d.yml", "depends_on: [{name: a, optional: true}]"),
    ]);
    assert_eq!(needs(&done), ["d <-"]);
    let said: Vec<String> = done.left_out.iter().map(|left| format!("{}: {}", left.what, left.why)).collect();
    assert_eq!(
        said,
        [
            "workflow `a`: its `when` takes event `tag`, this is `push`",
            "workflow `b`: it depends on `a`, which was left out",
            "workflow `c`: it depends on `b`, which was left out",
        ]
    );
}

#[test]
fn a_workflow_without_a_step_left_is_left_out() {
    let done =
        compiled("steps: [{name: a, image: x, commands: [true], when: {branch: other}}]\nservices: {b: {image: x}}");
    assert_eq!(done.diagnostics, []);
    assert!(done.jobs.is_empty());
    assert_eq!(done.left_out[0].why, "its `when` takes branch `other`, this is `main`");
    assert_eq!(
        (done.left_out[1].what.as_str(), done.left_out[1].why.as_str()),
        ("workflow `slipway`", "no step of it is left")
    );
}

#[test]
fn workflows_run_on_what_they_say() {
    let of = |head: &str| several(&[("a.yml", ""), ("b.yml", &format!("depends_on: a\n{head}"))]).jobs[1].runs_on;
    assert_eq!(of(""), RunsOn { success: true, failure: false });
    assert_eq!(of("runs_on: [failure]"), RunsOn { success: false, failure: true });
    assert_eq!(of("runs_on: [success, failure]"), RunsOn { success: true, failure: true });
    assert_eq!(of("when: {status: [success, failure]}"), RunsOn { success: true, failure: true });
}

#[test]
fn workflows_that_do_not_fit_together_are_refused() {
    let cycle = several(&[("a.yml", "depends_on: c"), ("b.yml", "depends_on: a"), ("c.yml", "depends_on: b")]);
    assert_eq!(errors(&cycle), ["the workflows wait for each other: `a` -> `c` -> `b` -> `a`"]);
    let unknown = several(&[("build.yml", ""), ("b.yml", "depends_on: biuld")]);
    assert_eq!(errors(&unknown), ["workflow `b` depends on unknown workflow `biuld`"]);
    assert_eq!(unknown.diagnostics[0].help.as_deref(), Some("did you mean `build`?"));
    let twice = several(&[("a.yml", ""), ("a.yaml", "")]);
    assert_eq!(errors(&twice), ["a second file defines the workflow `a`"]);
    assert_eq!(errors(&compile(&[], &push())), ["the commit has no pipeline"]);
}

#[test]
fn all_files_are_checked_at_once() {
    let done = several(&[("a.yml", "foo: 1"), ("b.yml", "bar: 1"), ("c.yml", "")]);
    assert_eq!(errors(&done), ["unknown key `foo` in a workflow", "unknown key `bar` in a workflow"]);
    assert_eq!(done.diagnostics[1].file, ".slipway/b.yml");
    assert!(done.jobs.is_empty());
}

#[test]
fn unknown_keys_are_warnings_in_woodpecker_files() {
    let text = "foo: 1\ncache: 2\nsteps: [{name: a, image: x, commands: [true], ready: 1}]";
    let done = compile(&[file(".woodpecker/x.yml", text)], &push());
    assert_eq!(errors(&done), [""; 0]);
    assert_eq!(done.diagnostics.len(), 3);
    assert_eq!(done.jobs.len(), 1);
    assert_eq!(errors(&compiled(text)).len(), 3);
}
