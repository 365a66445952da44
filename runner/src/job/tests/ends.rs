//! How jobs end.

use std::time::Duration;

use slipway_pipelines::{
    plan::{OnFailure, Step},
    wire::JobNews,
};
use tokio::time::Instant;

use super::bench::Bench;
use crate::testing::plans::{checkout, commands, detached, on, step, with};

#[tokio::test(start_paused = true)]
async fn a_job_succeeds_with_its_logs_masked_and_its_service_stopped() {
    let mut bench = Bench::fresh(vec![
        checkout(),
        detached("db", &[0], true),
        commands(&["echo hello", "login hunter2"], step("a", &[0, 1])),
    ]);
    assert_eq!(bench.finished().await, "ok");
    assert_eq!(bench.reasons(), ["ok", "stopped", "ok"]);
    let heard = bench.memory.heard();
    assert_eq!(heard.log(0), format!("commit {}\n", "0".repeat(40)));
    assert_eq!(heard.log(2), "+ echo hello\nhello\n+ login ********\n");
    let wanted = [("+ echo hello\n".len() + "hello\n".len(), 1), (0, 0)];
    assert_eq!(heard.commands[&2], wanted.map(|(place, number)| (place as u64, number)).into());
    let images: Vec<_> = heard.images.iter().map(|(step, image)| (*step, image.reference.as_str())).collect();
    assert_eq!(images, [(1, "dummy"), (2, "dummy")]);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_seen_by_the_steps_that_run_on_it() {
    let mut bench = Bench::new(crate::testing::plans::grant(
        1,
        vec![
            with("STEP_EXIT_CODE", "2", step("a", &[])),
            on(false, true, with("SLEEP", "1s", step("tell", &[0]))),
            step("b", &[0]),
        ],
    ));
    bench.start(crate::job::Start::Fresh(bench.grant.clone()));
    bench.memory.until(|heard| heard.is_running(1)).await;
    let released = bench.dummy.released(bench.grant.claim);
    assert_eq!(released[&0]["CI_PIPELINE_STATUS"], "success");
    assert_eq!(released[&1]["CI_PIPELINE_STATUS"], "failure");
    assert_eq!(released[&1]["CI_MACHINE"], "bench");
    assert!(released[&1]["CI_STEP_STARTED"].parse::<u64>().unwrap() > 1_700_000_000);
    assert_eq!(bench.finished().await, "exit_code");
    assert_eq!(bench.reasons(), ["exit_code", "ok", "needs"]);
}

#[tokio::test(start_paused = true)]
async fn an_ignored_failure_is_shown_as_a_warning() {
    let lint = Step { on_failure: OnFailure::Ignore, ..with("STEP_EXIT_CODE", "1", step("lint", &[])) };
    let mut bench = Bench::fresh(vec![lint, step("build", &[0])]);
    assert_eq!(bench.finished().await, "ok_with_warnings");
    assert_eq!(bench.memory.heard().finish.unwrap().note, "step `lint` failed and is ignored");
    assert_eq!(bench.reasons(), ["exit_code", "ok"]);
}

#[tokio::test(start_paused = true)]
async fn memory_and_start_failures_say_so() {
    let mut bench = Bench::fresh(vec![
        with("STEP_OOM_KILLED", "true", step("hungry", &[])),
        with("STEP_START_FAIL", "true", step("broken", &[])),
    ]);
    assert_eq!(bench.finished().await, "infra");
    assert_eq!(bench.reasons(), ["oom_killed", "infra"]);
}

#[tokio::test(start_paused = true)]
async fn independent_branches_run_side_by_side() {
    let begin = Instant::now();
    let mut bench = Bench::fresh(vec![
        with("SLEEP", "10s", step("a", &[])),
        with("SLEEP", "10s", step("b", &[])),
        with("SLEEP", "10s", step("after a", &[0])),
        step("all", &[1, 2]),
    ]);
    assert_eq!(bench.finished().await, "ok");
    let took = begin.elapsed();
    assert!(took >= Duration::from_secs(20) && took < Duration::from_secs(21), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_job_stops_at_once_and_starts_nothing() {
    let mut bench = Bench::fresh(vec![with("SLEEP", "1h", step("long", &[])), step("next", &[0])]);
    bench.memory.until(|heard| heard.is_running(0)).await;
    let asked = Instant::now();
    bench.cancel();
    assert_eq!(bench.finished().await, "cancelled");
    assert!(asked.elapsed() < Duration::from_secs(1));
    assert_eq!(bench.reasons(), ["cancelled", "job_ended"]);
}

#[tokio::test(start_paused = true)]
async fn a_step_that_ignores_sigterm_is_killed_after_ten_seconds() {
    let stubborn = with("STEP_IGNORE_TERM", "true", with("SLEEP", "1h", step("stubborn", &[])));
    let mut bench = Bench::fresh(vec![stubborn]);
    bench.memory.until(|heard| heard.is_running(0)).await;
    let asked = Instant::now();
    bench.cancel();
    assert_eq!(bench.finished().await, "cancelled");
    let took = asked.elapsed();
    assert!(took >= Duration::from_secs(10) && took < Duration::from_secs(11), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_step_over_its_time_fails_and_the_job_goes_on() {
    let slow = Step { timeout_seconds: Some(30), ..with("SLEEP", "1h", step("slow", &[])) };
    let mut bench = Bench::fresh(vec![slow, on(true, true, step("always", &[0]))]);
    let begin = Instant::now();
    assert_eq!(bench.finished().await, "timeout");
    assert!(begin.elapsed() >= Duration::from_secs(30) && begin.elapsed() < Duration::from_secs(31));
    assert_eq!(bench.reasons(), ["timeout", "ok"]);
}

#[tokio::test(start_paused = true)]
async fn a_job_over_its_time_is_stopped() {
    let mut bench = Bench::fresh(vec![with("SLEEP", "40s", step("a", &[])), with("SLEEP", "40s", step("b", &[0]))]);
    let begin = Instant::now();
    assert_eq!(bench.finished().await, "timeout");
    assert!(begin.elapsed() >= Duration::from_secs(60) && begin.elapsed() < Duration::from_secs(61));
    assert_eq!(bench.reasons(), ["ok", "timeout"]);
    assert!(bench.memory.heard().finish.unwrap().note.contains("60 s"));
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_cancels_is_told_to_the_server() {
    let deploy = Step { on_failure: OnFailure::Cancel, ..with("STEP_EXIT_CODE", "1", step("deploy", &[])) };
    let mut bench = Bench::fresh(vec![deploy, with("SLEEP", "1h", step("long", &[]))]);
    assert_eq!(bench.finished().await, "exit_code");
    assert_eq!(bench.reasons(), ["exit_code", "cancelled_by_step"]);
    assert!(bench.memory.heard().news.contains(&JobNews::CancelBuild { step: 0 }));
}

#[tokio::test(start_paused = true)]
async fn an_empty_plan_is_a_success() {
    assert_eq!(Bench::fresh(vec![]).finished().await, "ok");
}
