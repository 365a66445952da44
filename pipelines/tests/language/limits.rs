//! How much is too much.

use slipway_pipelines::{compile::compile, trigger::Cause};

use crate::common::*;

fn steps(count: usize) -> String {
    let steps: Vec<String> = (0..count).map(|n| format!("- {{name: s{n}, image: x, commands: [y]}}\n")).collect();
    format!("steps:\n{}", steps.concat())
}

#[test]
fn files_steps_and_cells_are_limited() {
    assert_eq!(compiled(&format!("# {}\n{}", "x".repeat(255 * 1024), steps(1))).jobs.len(), 1);
    let large = compiled(&format!("# {}\n{}", "x".repeat(300 * 1024), steps(1)));
    assert_eq!(errors(&large), ["the file has 301 KiB, and 256 KiB is the most"]);
    assert_eq!(compiled(&steps(99)).jobs[0].plan.steps.len(), 100);
    assert_eq!(errors(&compiled(&steps(100))), ["the job `slipway` has 101 steps, and 100 is the most"]);
    let axis = |count: usize| (0..count).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    let cells = |a: usize, b: usize| compiled(&format!("matrix: {{A: [{}], B: [{}]}}\n{}", axis(a), axis(b), steps(1)));
    assert_eq!(cells(16, 16).jobs.len(), 256);
    assert_eq!(errors(&cells(16, 17)), ["the matrix has more than 256 cells"]);
    let vast: Vec<String> = (0..40).map(|n| format!("A{n}: [{}]", axis(50))).collect();
    assert_eq!(
        errors(&compiled(&format!("matrix: {{{}}}\n{}", vast.join(", "), steps(1)))),
        ["the matrix has more than 256 cells"]
    );
    let files: Vec<_> = (0..101).map(|n| file(&format!(".slipway/{n}.yml"), &steps(1))).collect();
    assert_eq!(errors(&compile(&files, &push())), ["the pipeline has 101 files, and 100 is the most"]);
}

#[test]
fn a_build_that_compiles_to_too_much_is_refused() {
    let axis = |count: usize| (0..count).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    let large = format!("variables: [&large {{A: {}}}]\n", "a".repeat(60_000));
    let steps: Vec<String> =
        (0..20).map(|n| format!("- {{name: s{n}, image: x, commands: [y], environment: *large}}\n")).collect();
    let cells =
        |count: usize| compiled(&format!("matrix: {{A: [{}]}}\n{large}steps:\n{}", axis(count), steps.concat()));
    assert_eq!(cells(100).jobs.len(), 100);
    assert_eq!(errors(&cells(120)), ["the build compiles to more than 128 MiB"]);
}

#[test]
fn what_all_steps_share_counts_once_a_job_and_is_cut() {
    let mut context = push();
    context.trigger.message = "m".repeat(1 << 20);
    let axis: Vec<String> = (0..256).map(|n| n.to_string()).collect();
    let text = format!("matrix: {{A: [{}]}}\n{}", axis.join(","), steps(90));
    let done = compile(&[file(".slipway.yml", &text)], &context);
    assert_eq!(done.jobs.len(), 256);
    assert_eq!(done.jobs[255].plan.environment_of(1)["CI_COMMIT_MESSAGE"].len(), 64 * 1024);
    // Eight of 64 KiB, 256 times.
    let long = "n".repeat(1 << 20);
    context.trigger.author = slipway_pipelines::trigger::Person { name: long.clone(), email: long.clone() };
    context.trigger.sender = long.clone();
    context.repository.default_branch = long.clone();
    context.repository.clone_url = long.clone();
    context.repository.clone_ssh_url = long.clone();
    context.repository.url = long;
    let done = compile(&[file(".slipway.yml", &text)], &context);
    assert_eq!(errors(&done), ["the build compiles to more than 128 MiB"]);
}

#[test]
fn substitutions_cannot_blow_up() {
    let manual =
        because(Cause::Manual { branch: "main".into(), parameters: [("A".to_owned(), "a".repeat(60_000))].into() });
    let text = format!("steps: {{a: {{image: x, commands: [y], environment: {{X: '{}'}}}}}}", "${A}".repeat(4000));
    let done = compile(&[file(".slipway.yml", &text)], &manual);
    assert!(errors(&done)[0].contains("write more than 64 MiB"), "{:?}", done.diagnostics);
    let command = format!("steps: {{a: {{image: x, commands: ['{}']}}}}", "${A^^}".repeat(4000));
    let done = compile(&[file(".slipway.yml", &command)], &manual);
    assert!(errors(&done)[0].contains("write more than 64 MiB"), "{:?}", done.diagnostics);
}

#[test]
fn a_thousand_mistakes_are_not_all_listed() {
    let keys: Vec<String> = (0..1000).map(|n| format!("key{n}: 1\n")).collect();
    let done = compiled(&format!("{}{}", keys.concat(), steps(1)));
    assert_eq!(done.diagnostics.len(), 101);
    assert_eq!(done.diagnostics[100].message, "900 more findings in this file are not shown");
}

#[test]
fn patterns_are_limited() {
    let patterns: Vec<String> = (0..1000).map(|n| format!("'p{n}/*'")).collect();
    let text = format!("when: {{branch: [main, {}]}}\n{}", patterns.join(","), steps(1));
    assert!(errors(&compiled(&text))[0].ends_with("is not a pattern: the pipeline has more than 500 different ones"));
    let long = format!("when: {{branch: '{}'}}\n{}", "{a,b}".repeat(200), steps(1));
    assert!(errors(&compiled(&long))[0].ends_with("is longer than 512 characters"));
}

#[test]
fn warnings_are_not_hoarded() {
    let keys: Vec<String> = (0..9000).map(|n| format!("key{n}: 1\n")).collect();
    let axis: Vec<String> = (0..16).map(|n| n.to_string()).collect();
    let text = format!("{}matrix: {{A: [{}]}}\n{}", keys.concat(), axis.join(","), steps(1));
    let done = compile(&[file(".woodpecker.yml", &text)], &push());
    assert_eq!((done.jobs.len(), done.diagnostics.len()), (16, 101));
    let broken = compile(&[file(".woodpecker.yml", &format!("{text}depends_on: ghost\n"))], &push());
    assert_eq!(errors(&broken)[0], "workflow `woodpecker` depends on unknown workflow `ghost`");
}

#[test]
fn an_alias_bomb_is_refused_at_once() {
    let mut bomb = String::from("variables:\n  - &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..20 {
        bomb += &format!("  - &a{level} [{}]\n", vec![format!("*a{}", level - 1); 9].join(", "));
    }
    let began = std::time::Instant::now();
    let done = compiled(&format!("{bomb}{}", steps(1)));
    assert_eq!(errors(&done), ["the file holds more than 20000 values or 2 MiB, aliases followed"]);
    assert!(began.elapsed().as_secs() < 5);
}

#[test]
fn the_largest_file_in_every_cell_is_done_in_time() {
    let axis: Vec<String> = (0..32).map(|n| n.to_string()).collect();
    let values: Vec<String> = (0..9_000).map(|n| format!("      K{n}: ${{A}}\n")).collect();
    let text = format!(
        "matrix: {{A: [{}]}}\nsteps:\n  a:\n    image: x\n    when: {{matrix: {{A: none}}}}\n    commands: [y]\n    environment:\n{}",
        axis.join(","),
        values.concat()
    );
    let began = std::time::Instant::now();
    let done = compiled(&text);
    assert_eq!(done.diagnostics, []);
    assert_eq!(done.left_out.len(), 64);
    assert!(began.elapsed().as_secs() < 60, "{:?}", began.elapsed());
}
