//! A job that is tried again from where it failed.

use slipway_pipelines::{
    lease::Claim,
    plan::{Cache, CacheKey, KeyPart, Step},
    state::{Finish, Reason, StepEvent},
    wire::{JobNews, Kept},
};

use super::bench::Bench;
use crate::{
    executor::{Executor, GONE},
    job::Start,
    testing::{
        memory::{Heard, Memory},
        plans::{checkout, commands, detached, step, with},
    },
};

fn steps() -> Vec<Step> {
    let outputs = vec!["VERSION".to_owned()];
    vec![
        checkout(),
        detached("db", &[], true),
        Step { outputs, ..with("STEP_OUTPUT", "VERSION=7\n", commands(&["make"], step("build", &[0, 1]))) },
        with("STEP_EXIT_CODE", "3", step("test", &[2])),
        step("deploy", &[3]),
    ]
}

/// Makes the bench's job the next attempt of itself, as a server does.
fn retry(bench: &mut Bench, change: impl FnOnce(&mut Vec<std::sync::Arc<Step>>)) {
    retry_with(bench, &[], change);
}

/// The same with the caches that jobs before it left.
fn retry_with(bench: &mut Bench, before: &[Heard], change: impl FnOnce(&mut Vec<std::sync::Arc<Step>>)) {
    let heard = bench.memory.heard();
    let states = &heard.resume(bench.grant.clone()).steps;
    let ends: Vec<Option<Finish>> = states.iter().map(|state| state.finish().cloned()).collect();
    let plan = &mut bench.grant.plan;
    let standing = plan.standing(&ends);
    let steps = standing.iter().map(|step| (*step, ends[*step].clone().unwrap())).collect();
    change(&mut plan.steps);
    bench.grant.kept = Some(Kept { workspace: bench.grant.workspace(), steps, outputs: heard.outputs });
    bench.grant.claim = Claim { attempt: bench.grant.claim.attempt + 1, epoch: 2, ..bench.grant.claim };
    bench.memory = Memory::of(&bench.grant);
    bench.memory.remember(before);
    bench.start(Start::Fresh(bench.grant.clone()));
}

fn started(news: &JobNews) -> Option<usize> {
    match news {
        JobNews::Step { step, event: StepEvent::Started { .. }, .. } => Some(*step),
        _ => None,
    }
}

async fn keep(bench: &mut Bench) {
    let done = bench.done().await;
    assert!(done.keeps());
    bench.dummy.write(bench.grant.claim, "/slipway/src/built", "by the first attempt");
    done.keep(&bench.dummy).await;
    assert_eq!(bench.dummy.survey().await.unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn only_what_failed_and_what_comes_after_it_runs_in_the_workspace_as_it_was() {
    let mut bench = Bench::fresh(steps());
    keep(&mut bench).await;
    assert_eq!(bench.reasons(), ["ok", "stopped", "ok", "exit_code", "needs"]);
    let first = bench.grant.claim;
    assert_eq!(bench.dummy.keeps(), [first]);

    retry(&mut bench, |_| {});
    keep(&mut bench).await;
    assert_eq!(bench.dummy.keeps(), [first], "the same workspace, once more");
    assert_eq!(bench.reasons(), ["ok", "stopped", "ok", "exit_code", "needs"]);
    let told = bench.memory.heard().news;
    assert!(!told.iter().any(|news| matches!(news, JobNews::Step { step: 0 | 2, .. })), "{told:?}");

    retry(&mut bench, |steps| std::sync::Arc::make_mut(&mut steps[3]).environment.clear());
    let claim = bench.grant.claim;
    bench.memory.until(|heard| heard.reasons()[4] != "pending").await;
    let late = bench.dummy.released(claim);
    assert_eq!(late.keys().copied().collect::<Vec<_>>(), [1, 3, 4], "the service is started again");
    let starts: Vec<usize> = bench.memory.heard().news.iter().filter_map(started).collect();
    assert_eq!(starts, [1, 3, 4], "before the step that runs now, though only an earlier one names it");
    assert_eq!(late[&3].get("VERSION").map(String::as_str), Some("7"));
    assert_eq!(bench.dummy.read(claim, "/slipway/src/built").as_deref(), Some(&b"by the first attempt"[..]));
    let done = bench.done().await;
    assert!(!done.keeps(), "it went well");
    done.close(&bench.dummy).await;
    assert_eq!(bench.dummy.keeps(), []);
    assert_eq!(bench.memory.heard().finish, Some(Finish::because(Reason::Ok)));
}

#[tokio::test(start_paused = true)]
async fn a_runner_that_is_restarted_goes_on_with_it() {
    let mut bench = Bench::fresh(steps());
    keep(&mut bench).await;
    retry(&mut bench, |steps| *std::sync::Arc::make_mut(&mut steps[3]) = with("SLEEP", "10s", step("test", &[2])));
    bench.memory.until(|heard| heard.is_running(3)).await;
    bench.kill().await;
    bench.restart();
    bench.memory.until(|heard| heard.reasons()[4] != "pending").await;
    assert_eq!(bench.dummy.released(bench.grant.claim)[&4].get("VERSION").map(String::as_str), Some("7"));
    assert_eq!(bench.finished().await, "ok");
}

#[tokio::test(start_paused = true)]
async fn without_the_workspace_nothing_runs_and_that_is_said() {
    let mut bench = Bench::fresh(steps());
    keep(&mut bench).await;
    bench.dummy.discard(bench.grant.claim).await;
    retry(&mut bench, |_| {});
    assert_eq!(bench.finished().await, "infra");
    assert_eq!(bench.memory.heard().finish.unwrap(), Finish::with_note(Reason::Infra, GONE));
    assert_eq!(bench.reasons(), ["ok", "job_ended", "ok", "job_ended", "job_ended"]);
}

#[tokio::test(start_paused = true)]
async fn a_job_of_which_nothing_stands_is_not_worth_it() {
    let mut bench = Bench::fresh(vec![checkout(), with("STEP_EXIT_CODE", "1", step("test", &[0]))]);
    let done = bench.done().await;
    assert!(!done.keeps());
    done.close(&bench.dummy).await;
}

#[tokio::test(start_paused = true)]
async fn a_cache_is_not_put_over_what_the_first_attempt_made_of_it() {
    let cache = || Cache {
        key: CacheKey(vec![KeyPart::Text("gems".into())]),
        restore_keys: vec![],
        paths: vec!["gems".into()],
    };
    let cached = |mut step: Step| {
        step.files.caches = vec![cache()];
        step
    };
    let mut bench = Bench::fresh(vec![
        checkout(),
        cached(with("SLEEP", "10s", step("build", &[0]))),
        cached(with("STEP_EXIT_CODE", "3", step("test", &[1]))),
    ]);
    bench.memory.until(|heard| heard.is_running(1)).await;
    bench.dummy.write(bench.grant.claim, "/slipway/src/gems/gem", "old");
    let done = bench.done().await;
    bench.dummy.write(bench.grant.claim, "/slipway/src/gems/gem", "old");
    done.keep(&bench.dummy).await;
    let first = bench.memory.heard();
    assert_eq!(first.caches.len(), 1, "there is an entry to be restored");
    retry_with(&mut bench, &[first], |steps| {
        *std::sync::Arc::make_mut(&mut steps[2]) = cached(with("SLEEP", "10s", step("test", &[1])))
    });
    bench.memory.until(|heard| heard.is_running(2)).await;
    let log = bench.memory.heard().log(2);
    assert_eq!(log, "slipway: cache gems is in the workspace since an earlier step\n");
    assert_eq!(bench.finished().await, "ok");
}
