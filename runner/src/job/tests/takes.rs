//! What a job waits for, and how it is taken away.

use std::time::Duration;

use tokio::time;

use super::bench::Bench;
use crate::{
    job::{Command, Outcome},
    testing::{
        memory::Mood,
        plans::{checkout, commands, step, with},
    },
};

/// Long enough on the test's clock for everything that can happen to happen.
async fn quiet() {
    time::sleep(Duration::from_secs(20)).await;
}

#[tokio::test(start_paused = true)]
async fn nothing_runs_before_the_server_knows_that_something_does() {
    let bench = &mut Bench::fresh(vec![step("a", &[])]);
    bench.memory.news.send_replace(Mood::Holds);
    quiet().await;
    assert!(bench.dummy.released(bench.grant.claim).is_empty());
    bench.memory.news.send_replace(Mood::Takes);
    assert_eq!(bench.finished().await, "ok");
}

#[tokio::test(start_paused = true)]
async fn a_step_is_finished_only_when_its_log_is_stored_but_the_next_one_does_not_wait() {
    let steps =
        vec![commands(&["echo a"], step("a", &[])), commands(&["echo b"], with("SLEEP", "50s", step("b", &[0])))];
    let bench = &mut Bench::fresh(steps);
    bench.memory.logs.send_replace(Mood::Holds);
    bench.memory.until(|heard| heard.is_running(1)).await;
    quiet().await;
    assert!(bench.memory.heard().is_running(0), "its log is not stored");
    bench.memory.logs.send_replace(Mood::Takes);
    let heard = bench.memory.until(|heard| !heard.is_running(0)).await;
    assert_eq!(heard.log(0), "+ echo a\na\n");
    assert_eq!(bench.finished().await, "ok");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_job_leaves_nothing_and_says_nothing() {
    let bench = &mut Bench::fresh(vec![checkout(), with("SLEEP", "1h", step("a", &[0]))]);
    bench.memory.until(|heard| heard.is_running(1)).await;
    let said = bench.memory.heard().news.len();
    bench.command.send_replace(Command::Drop);
    assert_eq!(bench.ended().await, Outcome::Dropped);
    quiet().await;
    assert_eq!(bench.memory.heard().news.len(), said);
}

#[tokio::test(start_paused = true)]
async fn a_stale_lease_ends_the_job_whether_news_or_logs_notice() {
    for logs in [false, true] {
        let talks = commands(&["echo a"], with("SLEEP", "10s", step("a", &[])));
        let bench = &mut Bench::fresh(vec![talks, with("SLEEP", "1h", step("b", &[0]))]);
        if logs {
            bench.memory.logs.send_replace(Mood::Fences);
        } else {
            bench.memory.until(|heard| heard.is_running(0)).await;
            bench.memory.news.send_replace(Mood::Fences);
        }
        assert_eq!(bench.ended().await, Outcome::Dropped);
        assert_eq!(bench.memory.heard().finish, None);
    }
}

#[tokio::test(start_paused = true)]
async fn an_order_that_overtakes_the_answer_to_the_end_changes_nothing() {
    let bench = &mut Bench::fresh(vec![with("SLEEP", "10s", step("a", &[]))]);
    bench.memory.until(|heard| heard.is_running(0)).await;
    bench.memory.news.send_replace(Mood::Holds);
    quiet().await;
    bench.command.send_replace(Command::Drop);
    quiet().await;
    bench.memory.news.send_replace(Mood::Takes);
    assert_eq!(bench.finished().await, "ok");
}
