//! Services that are waited for, steps that are tried again.

use std::time::Duration;

use slipway_pipelines::{
    plan::{RetryOn, Step},
    state::{Finish, Reason, StepState},
};
use tokio::time::{self, Instant};

use super::bench::Bench;
use crate::{
    job::Start,
    testing::plans::{checkout, commands, detached, grant, on, ready, retried, step, with},
};

fn db(timeout: u64, when: &str) -> Step {
    let db = detached("db", &[0], true);
    with("STEP_READY", when, ready(timeout, commands(&["echo starting", "echo hunter2"], db)))
}

/// `a`, retried twice after failures with this pause, with a value for each try.
fn flaky(delay: u64, name: &str, values: &str) -> Step {
    retried(2, &[RetryOn::Failure], delay, with(name, values, commands(&["echo hi"], step("a", &[]))))
}

#[tokio::test(start_paused = true)]
async fn a_step_waits_until_the_service_is_ready() {
    let begin = Instant::now();
    let mut bench = Bench::fresh(vec![checkout(), db(60, "20s"), step("a", &[0, 1])]);
    assert_eq!(bench.finished().await, "ok");
    assert_eq!(bench.reasons(), ["ok", "stopped", "ok"]);
    assert!(begin.elapsed() >= Duration::from_secs(20), "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_not_ready_in_time_fails_the_job_with_its_log() {
    let begin = Instant::now();
    let mut bench = Bench::fresh(vec![checkout(), db(45, "never"), step("a", &[0, 1])]);
    assert_eq!(bench.finished().await, "not_ready");
    let took = begin.elapsed();
    assert!(took >= Duration::from_secs(45) && took < Duration::from_secs(47), "{took:?}");
    assert_eq!(bench.reasons(), ["ok", "not_ready", "needs"]);
    let heard = bench.memory.heard();
    assert_eq!(heard.finish_of(1).note, "port 5432 did not open within 45 s");
    assert_eq!(heard.finish_of(2).note, "`db` failed");
    assert_eq!(
        heard.finish.unwrap().note,
        "service `db`: port 5432 did not open within 45 s; its log ends with:\n\
         + echo starting\nstarting\n+ echo ********\n********"
    );
}

#[tokio::test(start_paused = true)]
async fn a_service_that_ends_before_it_is_ready_does_not_use_up_the_time() {
    let crashing = with("STEP_EXIT_CODE", "3", with("SLEEP", "5s", db(600, "never")));
    let begin = Instant::now();
    let mut bench = Bench::fresh(vec![checkout(), crashing, step("a", &[0, 1])]);
    assert_eq!(bench.finished().await, "not_ready");
    assert!(begin.elapsed() < Duration::from_secs(7), "{:?}", begin.elapsed());
    let end = bench.memory.heard().finish_of(1);
    assert_eq!((end.note.as_str(), end.exit_code), ("it ended with exit code 3 before it was ready", Some(3)));
}

#[tokio::test(start_paused = true)]
async fn a_restart_asks_a_service_again_unless_it_is_in_use() {
    for (ready_after, killed_after, ends_as) in [("20s", 10, "ok"), ("20s", 30, "ok"), ("never", 10, "not_ready")] {
        let steps = vec![checkout(), db(25, ready_after), with("SLEEP", "30s", step("a", &[0, 1]))];
        let mut bench = Bench::new(grant(1, steps));
        bench.grant.plan.timeout_seconds = 600;
        bench.start(Start::Fresh(bench.grant.clone()));
        bench.memory.until(|heard| heard.is_running(1)).await;
        time::sleep(Duration::from_secs(killed_after)).await;
        bench.kill().await;
        time::sleep(Duration::from_secs(60)).await;
        let mut resume = bench.memory.heard().resume(bench.grant.clone());
        // The wall clock does not know of the test's: its whole time is over.
        if let StepState::Running { since } = &mut resume.steps[1] {
            *since -= 60_000;
        }
        let restarted = Instant::now();
        bench.start(Start::Resumed(resume));
        assert_eq!(bench.finished().await, ends_as, "{ready_after} {killed_after}");
        assert!(restarted.elapsed() < Duration::from_secs(31), "{:?}", restarted.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_step_is_tried_again_in_the_same_log() {
    let begin = Instant::now();
    let mut bench = Bench::fresh(vec![flaky(10, "STEP_EXIT_CODE", "1,75,0"), step("b", &[0])]);
    assert_eq!(bench.finished().await, "ok");
    let took = begin.elapsed();
    assert!(took >= Duration::from_secs(20) && took < Duration::from_secs(21), "{took:?}");
    let heard = bench.memory.heard();
    assert_eq!(
        heard.log(0),
        "+ echo hi\nhi\nslipway: retry 1 of 2 in 10s: exit code 1\n\
         + echo hi\nhi\nslipway: retry 2 of 2 in 10s: exit code 75\n\
         + echo hi\nhi\n"
    );
    assert_eq!(heard.finish_of(0), Finish { note: "after 2 retries".into(), ..Finish::exit(0) });
    assert_eq!(heard.finish_of(1), Finish::exit(0));
}

#[tokio::test(start_paused = true)]
async fn a_step_that_fails_each_time_fails_the_job_once() {
    let mut bench = Bench::fresh(vec![flaky(0, "STEP_EXIT_CODE", "7"), step("b", &[0])]);
    assert_eq!(bench.finished().await, "exit_code");
    assert_eq!(bench.reasons(), ["exit_code", "needs"]);
    let heard = bench.memory.heard();
    assert_eq!(heard.finish_of(0), Finish { note: "after 2 retries".into(), ..Finish::exit(7) });
    assert_eq!(heard.log(0).matches("+ echo hi").count(), 3);
    assert_eq!(heard.finish.unwrap().note, "step `a` exited with code 7 after 2 retries");
}

#[tokio::test(start_paused = true)]
async fn images_and_starts_that_fail_are_tried_again() {
    for trouble in ["STEP_PREPARE_FAIL", "STEP_START_FAIL"] {
        let flaky = with(trouble, "true,true,false", step("a", &[]));
        let mut bench = Bench::fresh(vec![retried(2, &[RetryOn::Error], 5, flaky), step("b", &[0])]);
        assert_eq!(bench.finished().await, "ok", "{trouble}");
        assert_eq!(bench.memory.heard().finish_of(0).note, "after 2 retries");
    }
}

#[tokio::test(start_paused = true)]
async fn each_try_has_its_own_timeout() {
    let slow = Step { timeout_seconds: Some(15), ..flaky(0, "SLEEP", "1h,10s") };
    let mut bench = Bench::fresh(vec![slow]);
    assert_eq!(bench.finished().await, "ok");
    let heard = bench.memory.heard();
    assert!(heard.log(0).contains("slipway: retry 1 of 2: it ran longer than its timeout\n"), "{}", heard.log(0));
}

#[tokio::test(start_paused = true)]
async fn a_cancel_or_the_jobs_timeout_ends_the_pause() {
    for cancel in [true, false] {
        let mut bench = Bench::fresh(vec![flaky(600, "STEP_EXIT_CODE", "1"), on(true, true, step("b", &[0]))]);
        bench.memory.until(|heard| heard.log(0).contains("retry 1 of 2 in 10m")).await;
        let asked = Instant::now();
        if cancel {
            bench.cancel();
        }
        assert_eq!(bench.finished().await, if cancel { "cancelled" } else { "timeout" });
        assert!(asked.elapsed() < Duration::from_secs(61), "{:?}", asked.elapsed());
        assert_eq!(bench.memory.heard().finish_of(0).reason, if cancel { Reason::Cancelled } else { Reason::Timeout });
        assert_eq!(bench.reasons()[1], "job_ended");
        assert!(!bench.dummy.released(bench.grant.claim).contains_key(&1));
    }
}

#[tokio::test(start_paused = true)]
async fn killed_at_any_moment_the_tries_are_counted_on() {
    for moment in 0..60_u64 {
        let steps = vec![
            checkout(),
            with("STEP_READY", "300ms", ready(60, detached("db", &[0], true))),
            with("SLEEP", "500ms", with("STEP_EXIT_CODE", "1,75,0", commands(&["echo hi"], step("a", &[0, 1])))),
            step("b", &[2]),
        ];
        let mut steps = steps;
        let flaky = steps.remove(2);
        steps.insert(2, retried(2, &[RetryOn::Failure], 1, flaky));
        let mut bench = Bench::new(grant(1, steps));
        bench.start(Start::Fresh(bench.grant.clone()));
        for _ in 0..moment {
            tokio::task::yield_now().await;
        }
        time::sleep(Duration::from_millis(moment % 20 * 200)).await;
        // Twice, so that what the second process left is gone on with, too.
        for _ in 0..2 {
            if bench.memory.heard().finish.is_none() {
                bench.kill().await;
                bench.restart();
                time::sleep(Duration::from_millis(moment % 7 * 100)).await;
            }
        }
        assert_eq!(bench.finished().await, "ok", "killed at {moment}");
        let heard = bench.memory.heard();
        assert_eq!(heard.finish_of(2).note, "after 2 retries", "killed at {moment}");
        assert_eq!(
            heard.log(2),
            "+ echo hi\nhi\nslipway: retry 1 of 2 in 1s: exit code 1\n\
             + echo hi\nhi\nslipway: retry 2 of 2 in 1s: exit code 75\n\
             + echo hi\nhi\n",
            "killed at {moment}"
        );
    }
}
