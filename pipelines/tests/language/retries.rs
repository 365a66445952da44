//! `retry`, `if`, `outputs`, `concurrency`.

use slipway_pipelines::{
    compile::{Concurrency, compile},
    plan::{OUTPUT_FILE, Retry, RetryOn, RunsOn},
};

use crate::common::*;

const ONE: &str = "steps: {a: {image: x, commands: [y]}}\n";

#[test]
fn a_step_is_tried_again() {
    let of = |key: &str| step(&job(&with(key)).plan, "a").retry.clone().unwrap();
    let both = vec![RetryOn::Failure, RetryOn::Error];
    assert_eq!(of("retry: 2"), Retry { max: 2, on: both.clone(), delay_seconds: 0 });
    assert_eq!(of("retry: {max: 10}"), Retry { max: 10, on: both, delay_seconds: 0 });
    let several = of("retry: {max: 1, on: [error, exit:75, 'exit: 2', error], delay: 1m30s}");
    let on = vec![RetryOn::Error, RetryOn::Exit(75), RetryOn::Exit(2)];
    assert_eq!(several, Retry { max: 1, on, delay_seconds: 90 });
    assert_eq!(of("retry: {max: 1, on: failure, delay: 0s}").on, [RetryOn::Failure]);
    assert_eq!(step(&job(ONE).plan, "a").retry, None);
}

#[test]
fn a_workflow_is_tried_again() {
    let of = |head: &str| job(&format!("{head}\n{ONE}")).retry.unwrap();
    assert_eq!(of("retry: 2").on, [RetryOn::Failure, RetryOn::Error]);
    assert_eq!(of("retry: {max: 2}").on, [RetryOn::Error, RetryOn::Lost]);
    let lost = Retry { max: 2, on: vec![RetryOn::Lost], delay_seconds: 3600 };
    assert_eq!(of("retry: {max: 2, on: lost, delay: 1h}"), lost);
    assert_eq!(job(ONE).retry, None);
}

#[test]
fn wrong_retries_are_told() {
    let bad_end = "`exit:0` is nothing to retry on: write `failure`, `error`, `lost` or `exit:CODE`";
    let lost = "a step cannot be tried again on `lost`: its runner is gone";
    for (key, message, column, help) in [
        ("retry: 0", "`retry` takes a number from 1 to 10, this is `0`", 14, ""),
        ("retry: 11", "`retry` takes a number from 1 to 10, this is `11`", 14, ""),
        ("retry: often", "`retry` takes a number from 1 to 10, this is `often`", 14, ""),
        ("retry: [2]", "`retry` takes a number, this is a list", 14, ""),
        ("retry: {on: error}", "`retry` takes `max`, how often it is tried again", 14, "add `max: 2`"),
        ("retry: {max: 2, on: []}", "`on` is empty, so nothing is tried again", 27, "remove `retry`"),
        ("retry: {max: 2, on: lost}", lost, 27, "on the workflow"),
        ("retry: {max: 2, on: [exit:0]}", bad_end, 28, "`on: [error, exit:75]`"),
        ("retry: {max: 2, delay: 2h}", "`delay` takes at most an hour", 30, ""),
        ("retry: {max: 2, delay: 5}", "`delay` takes a duration, this is `5`", 30, "with its unit"),
        ("retry: {max: 2, when: error}", "`when` is not a key of `retry`", 23, "write `on`"),
        ("retry: 2, detach: true", "step `a` has `detach` and `retry`", 7, "remove one of the two"),
    ] {
        refused(&with(key), &push(), message, (3, column), help);
    }
}

#[test]
fn if_is_short_for_status() {
    let of = |key: &str| step(&job(&with(key)).plan, "a").runs_on;
    assert_eq!(of("if: always"), RunsOn { success: true, failure: true });
    assert_eq!(of("if: success"), RunsOn { success: true, failure: false });
    assert_eq!(of("if: failure, when: [{event: push}, {event: tag}]"), RunsOn { success: false, failure: true });
    let files = [file(".slipway/a.yml", ONE), file(".slipway/b.yml", &format!("depends_on: a\nif: always\n{ONE}"))];
    assert_eq!(compile(&files, &push()).jobs[1].runs_on, RunsOn { success: true, failure: true });
    let left = compiled(&format!("{}  b: {{image: x, commands: [y]}}", with("if: always, when: {event: tag}")));
    assert_eq!(left.left_out[0].why, "its `when` takes event `tag`, this is `push`");
}

#[test]
fn wrong_ifs_are_told() {
    for (key, message, column, help) in [
        ("if: CI_REPO == 'x'", "`CI_REPO == 'x'` is no value of `if`", 11, "when: {evaluate:"),
        ("if: true", "`true` is no value of `if`", 11, "`always`, `success` or `failure`"),
        ("if: [always]", "`if` takes text, this is a list", 11, ""),
        ("if: failure, when: {status: failure}", "`if` and the `status` of `when` say the same", 7, "keep one"),
    ] {
        refused(&with(key), &push(), message, (3, column), help);
    }
    let both = format!("if: always\nruns_on: [failure]\n{ONE}");
    refused(&both, &push(), "`if` and `runs_on` say the same", (1, 1), "remove `runs_on`");
}

#[test]
fn outputs_have_names_and_a_file() {
    let plan = job(&with("outputs: [VERSION, _d1]")).plan;
    assert_eq!(step(&plan, "a").outputs, ["VERSION", "_d1"]);
    assert_eq!(told(&plan, "a")["SLIPWAY_OUTPUT"], OUTPUT_FILE);
    assert!(!told(&job(ONE).plan, "a").contains_key("SLIPWAY_OUTPUT"));
    assert_eq!(step(&job(&with("outputs: VERSION")).plan, "a").outputs, ["VERSION"]);
    let reserved =
        |name: &str| format!("an output cannot be named `{name}`: later steps would get it instead of the real one");
    for (key, message, column, help) in [
        ("outputs: [A-B]", "`A-B` is not a name of an output", 17, "use letters"),
        ("outputs: [1A]", "`1A` is not a name of an output", 17, "use letters"),
        ("outputs: [A, CI_REPO]", &reserved("CI_REPO"), 20, "choose a name"),
        ("outputs: [PATH]", &reserved("PATH"), 17, "choose a name"),
        ("outputs: [A, A]", "the output `A` is named twice", 20, ""),
        ("outputs: [A], detach: true", "step `a` has `detach` and `outputs`", 7, "ends with its job"),
    ] {
        refused(&with(key), &push(), message, (3, column), help);
    }
    let built = "steps:\n  a:\n    build: .\n    outputs: [A]\n";
    refused(built, &push(), "step `a` has `outputs` and nothing that writes them", (4, 5), "$SLIPWAY_OUTPUT");
    let many: Vec<String> = (0..51).map(|n| format!("A{n}")).collect();
    let done = compiled(&with(&format!("outputs: [{}]", many.join(", "))));
    assert_eq!(errors(&done), ["a step has at most 50 outputs"]);
}

#[test]
fn concurrency_limits_a_group() {
    let of = |head: &str| job(&format!("{head}\n{ONE}")).concurrency.unwrap();
    let wanted = |group: &str, limit, cancel_superseded| Concurrency { group: group.into(), limit, cancel_superseded };
    assert_eq!(of("concurrency: 3"), wanted("slipway", 3, false));
    assert_eq!(of("concurrency: {cancel: superseded}"), wanted("slipway", 1, true));
    assert_eq!(of("concurrency: {limit: 2, group: 'go-${CI_COMMIT_BRANCH}'}"), wanted("go-main", 2, false));
    assert_eq!(job(ONE).concurrency, None);
    let cells = compiled(&format!("matrix: {{T: [a, b]}}\nconcurrency: {{group: '${{T}}'}}\n{ONE}"));
    let groups: Vec<&str> = cells.jobs.iter().map(|job| job.concurrency.as_ref().unwrap().group.as_str()).collect();
    assert_eq!(groups, ["a", "b"]);
    for (head, message, column, help) in [
        ("concurrency: 0", "`concurrency` takes a number from 1 to 1000, this is `0`", 14, ""),
        ("concurrency: one", "`concurrency` takes a number from 1 to 1000, this is `one`", 14, ""),
        ("concurrency: [1]", "`concurrency` takes a number, this is a list", 14, ""),
        ("concurrency: {limit: x}", "`limit` takes a number from 1 to 1000, this is `x`", 22, ""),
        ("concurrency: {group: '${NOPE}'}", "a `group` takes 1 to 200 characters of one line", 22, "${NAME:-other}"),
        ("concurrency: {cancel: true}", "`true` is no value of `cancel`", 23, "write `superseded`"),
    ] {
        refused(&format!("{head}\n{ONE}"), &push(), message, (1, column), help);
    }
}
