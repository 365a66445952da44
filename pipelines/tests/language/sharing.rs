//! What the cells of a matrix share.

use std::sync::Arc;

use slipway_pipelines::plan::Program;

use crate::common::*;

const CELLS: &str = "
matrix: {GO: ['1.24', '1.25'], OS: [linux, bsd]}
steps:
  - {name: same, image: x, commands: ['echo ${CI_COMMIT_BRANCH}'], environment: {A: b}}
  - {name: image, image: 'golang:${GO}', commands: [go test]}
  - {name: command, image: x, commands: ['echo ${GO}']}
  - {name: filtered, image: x, commands: [y], when: {matrix: {OS: linux}}}
  - {name: evaluated, image: x, commands: [y], when: {evaluate: 'OS == \"bsd\"'}}
  - {name: after, image: x, commands: [y]}
";

#[test]
fn steps_that_do_not_depend_on_the_cell_are_shared() {
    let done = compiled(CELLS);
    assert_eq!(done.diagnostics, []);
    for (cell, job) in done.jobs.iter().enumerate() {
        let names: Vec<&str> = job.plan.steps.iter().map(|step| step.name.as_str()).collect();
        let one = if cell % 2 == 0 { "filtered" } else { "evaluated" };
        assert_eq!(names, ["clone", "same", "image", "command", one, "after"], "{}", job.name);
    }
    let of =
        |cell: usize, name: &str| done.jobs[cell].plan.steps.iter().find(|step| step.name == name).unwrap().clone();
    for cell in 1..4 {
        assert!(Arc::ptr_eq(&of(0, "same"), &of(cell, "same")), "{cell}");
        assert!(Arc::ptr_eq(&of(0, "after"), &of(cell, "after")), "{cell}");
        assert!(Arc::ptr_eq(&done.jobs[0].plan.environment, &done.jobs[cell].plan.environment), "{cell}");
    }
    assert!(Arc::ptr_eq(&of(0, "filtered"), &of(2, "filtered")));
    for name in ["image", "command"] {
        assert!(Arc::ptr_eq(&of(0, name), &of(1, name)), "both have GO 1.24");
        assert!(!Arc::ptr_eq(&of(0, name), &of(2, name)), "another GO");
    }
    let commands = |cell: usize| match &of(cell, "command").container().unwrap().program {
        Program::Commands { commands } => commands.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!((commands(0), commands(2)), (vec!["echo 1.24".to_owned()], vec!["echo 1.25".to_owned()]));
    assert_eq!(done.jobs[2].plan.values["GO"], "1.25");
    assert_eq!(done.left_out.len(), 4);
}

/// Each cell is what it would be as a matrix of one.
#[test]
fn sharing_changes_nothing() {
    let steps = |before: &str| CELLS.replace("steps:", &format!("{before}\nsteps:"));
    let renamed = CELLS.replace("name: same", "name: 'same-${GO}'");
    let texts = [
        CELLS.to_owned(),
        steps("workspace: {path: '${OS}'}\nlabels: {platform: '${OS}/amd64', go: '${GO}'}\ntimeout: 5m"),
        renamed.replace("name: after,", "name: after, depends_on: ['same-${GO}'],"),
        steps("clone: [{name: git, image: 'git:${GO}', commands: [y]}]\nservices: {db: {image: 'db:${OS}'}}"),
        steps("when: [{evaluate: 'GO == \"1.24\"'}, {evaluate: 'OS == \"bsd\"', status: failure}]\nretry: 2"),
        CELLS
            .replace("[go test]", "['go test ${OS}', 'echo ${CI_COMMIT_MESSAGE} ${GO}']")
            .replace("commands: ['echo ${GO}']", "commands: ['echo ${OS}${GO}'], environment: {IN: '${OS}'}"),
        // More values than are kept.
        CELLS.replace("'1.25'", &(0..18).map(|n| format!("'2.{n}'")).collect::<Vec<_>>().join(", ")),
        steps("skip_clone: ${SKIP}").replace("OS: [linux, bsd]", "OS: [linux, bsd], SKIP: ['yes', 'no']"),
    ];
    for text in texts {
        let whole = compiled(&text);
        assert!(!whole.jobs.is_empty(), "{:?}", whole.diagnostics);
        for job in &whole.jobs {
            let axes: Vec<String> =
                job.plan.values.iter().map(|(axis, value)| format!("{axis}: ['{value}']")).collect();
            let matrix = text.lines().find(|line| line.starts_with("matrix:")).unwrap();
            let one = text.replace(matrix, &format!("matrix: {{{}}}", axes.join(", ")));
            let mut alone = compiled(&one).jobs.remove(0);
            alone.plan.place = job.plan.place;
            assert_eq!(&alone, job, "{one}");
        }
    }
}

#[test]
fn a_mistake_in_a_later_cell_is_found() {
    let image = "matrix: {T: [ok, 'NOT OK']}\nsteps: [{name: a, image: 'x:${T}', commands: [y]}]";
    assert_eq!(errors(&compiled(image)).len(), 1);
    let one = "{name: b, image: x, commands: [y]}";
    let names = format!("matrix: {{T: [a, b]}}\nsteps: [{one}, {{name: '${{T}}', image: x, commands: [y]}}]");
    assert_eq!(errors(&compiled(&names)), ["a second step is named `b`"]);
    let needs =
        format!("matrix: {{T: [b, c]}}\nsteps: [{one}, {{name: d, image: x, commands: [y], depends_on: '${{T}}'}}]");
    assert_eq!(errors(&compiled(&needs)), ["step `d` depends on unknown step `c`"]);
}
