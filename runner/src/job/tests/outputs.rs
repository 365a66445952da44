//! What steps hand to later ones, and what nobody may see.

use std::{collections::BTreeMap, time::Duration};

use slipway_pipelines::{
    plan::{Environment, RetryOn, Step},
    wire::{JobNews, RegistryLogin},
};
use tokio::time;

use super::bench::Bench;
use crate::{
    job::Start,
    testing::plans::{checkout, commands, grant, retried, step, with},
};

fn giving(names: &[&str], output: &str, step: Step) -> Step {
    let outputs = names.iter().map(|name| (*name).to_owned()).collect();
    Step { outputs, ..with("STEP_OUTPUT", output, step) }
}

/// Runs it and gives what its steps were let go with.
async fn late(bench: &mut Bench) -> BTreeMap<usize, Environment> {
    let all: Vec<usize> = (0..bench.grant.plan.steps.len()).collect();
    bench.memory.until(|heard| all.iter().all(|step| !matches!(heard.reasons()[*step], "pending"))).await;
    bench.dummy.released(bench.grant.claim)
}

#[tokio::test(start_paused = true)]
async fn outputs_reach_the_steps_that_need_them_and_the_server() {
    let mut bench = Bench::new(grant(
        1,
        vec![
            checkout(),
            giving(&["VERSION", "DIGEST"], "VERSION=1\nVERSION=2\nDIGEST=sha\n", step("a", &[0])),
            step("b", &[1]),
            step("c", &[2]),
            with("VERSION", "own", with("SLEEP", "10s", step("d", &[2]))),
            with("SLEEP", "10s", step("other", &[0])),
        ],
    ));
    bench.grant.inputs = [("UP".to_owned(), "job".to_owned())].into();
    bench.start(Start::Fresh(bench.grant.clone()));
    let late = late(&mut bench).await;
    let value = |step: usize, name: &str| late[&step].get(name).map(String::as_str);
    assert_eq!((value(2, "VERSION"), value(3, "VERSION"), value(3, "DIGEST")), (Some("2"), Some("2"), Some("sha")));
    assert_eq!((value(4, "VERSION"), value(4, "DIGEST")), (None, Some("sha")), "its own environment is its own");
    assert_eq!((value(5, "VERSION"), value(1, "VERSION")), (None, None), "it does not need the step");
    assert!([1, 2, 5].iter().all(|step| value(*step, "UP") == Some("job")));
    assert_eq!(bench.finished().await, "ok");
    let heard = bench.memory.heard();
    let values: Environment = [("VERSION", "2"), ("DIGEST", "sha")].map(|(n, v)| (n.to_owned(), v.to_owned())).into();
    assert_eq!(heard.outputs, [(1, values)].into());
    let place = |wanted: &dyn Fn(&JobNews) -> bool| heard.news.iter().position(wanted).unwrap();
    let told = place(&|news| matches!(news, JobNews::Outputs { step: 1, .. }));
    let finished = place(&|news| matches!(news, JobNews::Step { step: 1, log_bytes, .. } if log_bytes.is_some()));
    assert!(told < finished, "{:?}", heard.news);
}

#[tokio::test(start_paused = true)]
async fn what_is_dropped_is_said_at_the_end_of_the_log() {
    let output = "TOKEN=hunter2\nPATH=/evil\nnonsense\nVERSION=1";
    let steps = vec![giving(&["VERSION", "TOKEN"], output, commands(&["echo hi"], step("a", &[])))];
    let mut bench = Bench::fresh(steps);
    assert_eq!(bench.finished().await, "ok");
    let heard = bench.memory.heard();
    assert_eq!(heard.outputs, [(0, [("VERSION".to_owned(), "1".to_owned())].into())].into());
    assert_eq!(
        heard.log(0),
        "+ echo hi\nhi\n\
         slipway: output `TOKEN` was dropped: there is a secret in it\n\
         slipway: output `PATH` was dropped: it is not among the step's `outputs`\n\
         slipway: line 3 of the outputs is no `NAME=value` and was dropped\n"
    );
}

#[tokio::test(start_paused = true)]
async fn only_a_step_that_ended_well_hands_over() {
    let failing = giving(&["A"], "A=1", with("STEP_EXIT_CODE", "1,0", step("a", &[])));
    let mut bench = Bench::fresh(vec![failing.clone()]);
    assert_eq!(bench.finished().await, "exit_code");
    assert!(bench.memory.heard().outputs.is_empty());
    let mut bench = Bench::fresh(vec![retried(1, &[RetryOn::Failure], 0, failing)]);
    assert_eq!(bench.finished().await, "ok");
    assert_eq!(bench.memory.heard().outputs[&0]["A"], "1");
}

#[tokio::test(start_paused = true)]
async fn outputs_that_cannot_be_read_are_our_failure() {
    let steps = vec![giving(&["A"], "A=1", with("STEP_OUTPUT_FAIL", "true", step("a", &[]))), step("b", &[0])];
    let mut bench = Bench::fresh(steps);
    assert_eq!(bench.finished().await, "infra");
    assert_eq!(bench.reasons(), ["infra", "needs"]);
    assert!(bench.memory.heard().finish_of(0).note.starts_with("its outputs cannot be read: "));
}

#[tokio::test(start_paused = true)]
async fn a_restart_keeps_what_was_handed_over() {
    for moment in 0..30_u64 {
        let steps = vec![
            giving(&["A"], "A=1\nB=2", with("SLEEP", "1s", commands(&["echo hi"], step("a", &[])))),
            with("SLEEP", "1s", step("b", &[0])),
            with("SLEEP", "5s", step("c", &[1])),
        ];
        let mut bench = Bench::fresh(steps);
        for _ in 0..moment {
            tokio::task::yield_now().await;
        }
        time::sleep(Duration::from_millis(moment % 10 * 250)).await;
        bench.kill().await;
        bench.restart();
        let late = late(&mut bench).await;
        assert_eq!((late[&1]["A"].as_str(), late[&2]["A"].as_str()), ("1", "1"), "killed at {moment}");
        assert_eq!(bench.finished().await, "ok");
        let log = "+ echo hi\nhi\nslipway: output `B` was dropped: it is not among the step's `outputs`\n";
        assert_eq!(bench.memory.heard().log(0), log, "killed at {moment}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_secret_reaches_the_server_in_any_form() {
    let key = "-----BEGIN KEY-----\nfirst-line-of-it\n}\n-----END KEY-----";
    let lines = [
        "echo first-line-of-it",
        "echo Zmlyc3QtbGluZS1vZi1pdA==",
        "echo registry-password",
        "echo user:cmVnaXN0cnktcGFzc3dvcmQ=",
        "echo say%20%22hunter2%22",
        "echo }",
    ];
    let mut bench = Bench::new(grant(1, vec![commands(&lines, step("a", &[]))]));
    bench.grant.masked = vec![key.into(), "say \"hunter2\"".into()];
    bench.grant.registries = vec![RegistryLogin {
        host: "registry.example".into(),
        username: "user".into(),
        password: "registry-password".into(),
        pull_only: false,
    }];
    bench.start(Start::Fresh(bench.grant.clone()));
    assert_eq!(bench.finished().await, "ok");
    let log = bench.memory.heard().log(0);
    for hidden in ["first-line", "Zmlyc3QtbGluZS1vZi1p", "registry-password", "cmVnaXN0cnktcGFzc3dvcm", "hunter2"] {
        assert!(!log.contains(hidden), "{hidden} in {log}");
    }
    assert!(log.contains("+ echo }\n}\n"), "a line of one letter is no secret: {log}");
    assert!(log.contains("echo user:********"), "{log}");
}

#[tokio::test(start_paused = true)]
async fn a_secret_in_what_others_say_of_a_failure_is_masked() {
    let mut bench = Bench::new(grant(1, vec![with("STEP_PREPARE_FAIL", "true", step("a", &[]))]));
    bench.grant.masked = vec!["image cannot".into()];
    bench.start(Start::Fresh(bench.grant.clone()));
    assert_eq!(bench.finished().await, "image_pull");
    let heard = bench.memory.heard();
    assert_eq!(heard.finish_of(0).note, "the step was told that its ******** be had");
    assert_eq!(heard.finish.unwrap().note, "step `a`: the step was told that its ******** be had");
}

#[tokio::test(start_paused = true)]
async fn what_a_program_tells_of_the_code_is_told_before_its_step_ends() {
    let mut bench = Bench::fresh(vec![commands(&["echo ::error file=a.rs,line=3::hunter2 is odd"], step("a", &[]))]);
    assert_eq!(bench.finished().await, "ok");
    let news = bench.memory.heard().news;
    let text = "error: a.rs:3: ******** is odd".to_owned();
    let told = news.iter().position(|news| *news == JobNews::Warning { step: Some(0), text: text.clone() });
    let ended = news.iter().position(|news| matches!(news, JobNews::Step { log_bytes: Some(_), .. }));
    assert!(told.is_some() && told < ended, "{news:?}");
}
