//! A runner that is killed and started again.

use std::time::Duration;

use slipway_pipelines::{
    plan::Step,
    state::{Finish, Reason, StepState},
};
use tokio::time::{self, Instant};

use super::bench::Bench;
use crate::{
    job::Start,
    testing::{
        memory::Mood,
        plans::{checkout, commands, detached, step, with},
    },
};

#[tokio::test(start_paused = true)]
async fn a_running_step_is_adopted_with_its_log_and_its_exit_code() {
    let long = commands(&["echo hunter2", "echo done"], with("SLEEP", "30s", step("a", &[0, 1])));
    let steps = vec![checkout(), detached("db", &[0], true), with("STEP_EXIT_CODE", "7", long), step("b", &[2])];
    let mut bench = Bench::fresh(steps);
    bench.memory.until(|heard| heard.is_running(2)).await;
    bench.kill().await;
    bench.restart();
    assert_eq!(bench.finished().await, "exit_code");
    assert_eq!(bench.reasons(), ["ok", "stopped", "exit_code", "needs"]);
    assert_eq!(bench.memory.heard().log(2), "+ echo ********\n********\n+ echo done\ndone\n");
}

#[tokio::test(start_paused = true)]
async fn a_step_that_ended_while_nobody_watched_is_reported() {
    let mut bench = Bench::fresh(vec![with("SLEEP", "30s", step("a", &[])), step("b", &[0])]);
    bench.memory.until(|heard| heard.is_running(0)).await;
    bench.kill().await;
    time::sleep(Duration::from_secs(40)).await;
    bench.restart();
    assert_eq!(bench.finished().await, "ok");
    assert_eq!(bench.reasons(), ["ok", "ok"]);
}

#[tokio::test(start_paused = true)]
async fn log_bytes_that_were_not_stored_are_stored_after_the_restart() {
    let steps = vec![commands(&["echo one", "echo two"], with("SLEEP", "30s", step("a", &[])))];
    let mut bench = Bench::new(crate::testing::plans::grant(1, steps));
    bench.start(Start::Fresh(bench.grant.clone()));
    bench.memory.until(|heard| !heard.log(0).is_empty() && heard.is_running(0)).await;
    bench.memory.logs.send_replace(Mood::Holds);
    bench.kill().await;
    bench.memory.logs.send_replace(Mood::Takes);
    bench.restart();
    assert_eq!(bench.finished().await, "ok");
    assert_eq!(bench.memory.heard().log(0), "+ echo one\none\n+ echo two\ntwo\n");
}

#[tokio::test(start_paused = true)]
async fn killed_at_any_moment_a_job_ends_as_if_it_had_not_been() {
    for moment in 0..40 {
        let steps = vec![
            checkout(),
            detached("db", &[0], true),
            commands(&["echo a"], with("SLEEP", "1s", step("a", &[0, 1]))),
            commands(&["echo b"], with("SLEEP", "2s", step("b", &[2]))),
            with("STEP_EXIT_CODE", "3", step("c", &[3])),
            step("d", &[4]),
        ];
        let mut bench = Bench::fresh(steps);
        // Some kills between the very first steps of the tasks, some spread over the job's seconds.
        for _ in 0..moment {
            tokio::task::yield_now().await;
        }
        time::sleep(Duration::from_millis(moment % 8 * 450)).await;
        if bench.memory.heard().finish.is_none() {
            bench.kill().await;
            bench.restart();
        }
        assert_eq!(bench.finished().await, "exit_code", "killed at {moment}");
        assert_eq!(bench.reasons(), ["ok", "stopped", "ok", "ok", "exit_code", "needs"], "killed at {moment}");
        let heard = bench.memory.heard();
        assert_eq!((heard.log(2).as_str(), heard.log(3).as_str()), ("+ echo a\na\n", "+ echo b\nb\n"));
        assert!((1..=4).eq(heard.images.keys().copied()), "killed at {moment}: {:?}", heard.images);
    }
}

#[tokio::test(start_paused = true)]
async fn a_container_that_vanished_is_our_failure() {
    let mut bench = Bench::fresh(vec![checkout(), with("SLEEP", "1h", step("a", &[0])), step("b", &[1])]);
    bench.memory.until(|heard| heard.is_running(1)).await;
    bench.kill().await;
    bench.dummy.lose(bench.grant.claim, 1);
    bench.restart();
    assert_eq!(bench.finished().await, "infra");
    assert_eq!(bench.reasons(), ["ok", "infra", "needs"]);
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_the_runner_missed_is_followed() {
    let mut bench = Bench::fresh(vec![with("SLEEP", "1h", step("a", &[])), step("b", &[0])]);
    bench.memory.until(|heard| heard.is_running(0)).await;
    bench.kill().await;
    let mut resume = bench.memory.heard().resume(bench.grant.clone());
    resume.stop = Some(Finish::because(Reason::Cancelled));
    bench.start(Start::Resumed(resume));
    assert_eq!(bench.finished().await, "cancelled");
    assert_eq!(bench.reasons(), ["cancelled", "job_ended"]);
}

#[tokio::test(start_paused = true)]
async fn time_that_passed_before_the_restart_counts() {
    let slow = Step { timeout_seconds: Some(30), ..with("SLEEP", "1h", step("slow", &[])) };
    let mut bench = Bench::fresh(vec![slow]);
    bench.memory.until(|heard| heard.is_running(0)).await;
    bench.kill().await;
    let mut resume = bench.memory.heard().resume(bench.grant.clone());
    if let StepState::Running { since } = &mut resume.steps[0] {
        *since -= 20_000;
    }
    bench.start(Start::Resumed(resume));
    let begin = Instant::now();
    assert_eq!(bench.finished().await, "timeout");
    assert!(begin.elapsed() < Duration::from_secs(11), "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_later_lease_of_the_same_attempt_writes_after_what_is_stored() {
    let mut bench = Bench::new(crate::testing::plans::grant(1, vec![commands(&["echo a"], step("a", &[]))]));
    let memory = bench.memory.clone();
    crate::reporter::Reporter::append(&memory, 0, 0, "pulling\n".into()).await.unwrap();
    bench.start(Start::Fresh(bench.grant.clone()));
    assert_eq!(bench.finished().await, "ok");
    assert_eq!(memory.heard().log(0), "pulling\n+ echo a\na\n");
}
