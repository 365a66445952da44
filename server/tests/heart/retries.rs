//! A job that ends as its `retry` wants gets its next attempt by itself.

use slipway_pipelines::{
    compile::CompiledJob,
    plan::Retry,
    state::{JobState, Status},
};
use slipway_server::store::{
    Store, StoreError,
    model::{Again, BuildRef},
};

use crate::support::{
    Talker, build, detail, ended, finished, granted, job, repository, runner_id, server, started, step_states, store,
};

pub fn retry(on: &[&str], delay_seconds: u64) -> Retry {
    Retry { max: 2, on: on.iter().map(|on| on.parse().unwrap()).collect(), delay_seconds }
}

fn trying(name: &str, on: &[&str], delay_seconds: u64) -> CompiledJob {
    CompiledJob { retry: Some(retry(on, delay_seconds)), ..job(name, 1, &[]) }
}

async fn run(store: &Store, build: BuildRef, code: i32) -> slipway_pipelines::lease::Claim {
    let job = detail(store, build).await.jobs[0].id;
    let claim = granted(store, job, 1).await;
    store.take_events(claim, vec![started(0), ended(0, code), finished(code)]).await.unwrap();
    claim
}

#[tokio::test]
async fn a_job_is_tried_again_as_often_as_it_may_while_the_build_goes_on() {
    let (_folder, store) = store().await;
    let repository = repository(&store, "me/thing").await;
    let made = build(&store, &repository, vec![trying("a", &["failure"], 0), job("b", 1, &[0])]).await;
    let mut before = None;
    for attempt in 1..=2 {
        let claim = run(&store, made, 7).await;
        assert_eq!(claim.attempt, attempt);
        let now = detail(&store, made).await;
        assert_eq!((now.summary.status, now.summary.finished), (Status::Running, None), "the build is not finished");
        assert_eq!(now.summary.started, Some(1));
        assert_eq!(now.jobs[0].attempt, attempt + 1);
        assert_eq!(now.jobs[0].state, JobState::Queued { epoch: 0 });
        assert_eq!(step_states(&now, 0), [Status::Pending]);
        assert_eq!(now.jobs[1].state, JobState::Waiting, "what needs it waits for the last attempt");
        let old = store.job_attempt(claim.job, attempt).await.unwrap().unwrap();
        assert_eq!((old.state.status(), old.steps[0].state.status()), (Status::Failure, Status::Failure));

        store.take_events(claim, vec![finished(7)]).await.expect("said again: the answer was lost");
        let other = store.take_events(claim, vec![started(0)]).await;
        assert!(matches!(other, Err(StoreError::Stale)), "{other:?}");
        assert!(before.is_none_or(|epoch| epoch < claim.epoch));
        before = Some(claim.epoch);
    }
    run(&store, made, 7).await;
    let now = detail(&store, made).await;
    assert_eq!((now.summary.status, now.jobs[0].attempt), (Status::Failure, 3), "no more than its number");
    assert_eq!(now.jobs[1].state.status(), Status::Skipped);

    store.retry_build(made.id, Again::Needed).await.unwrap();
    run(&store, made, 7).await;
    assert_eq!(detail(&store, made).await.jobs[0].attempt, 5, "somebody started it: its tries count anew");
    run(&store, made, 0).await;
    let now = detail(&store, made).await;
    assert_eq!(now.jobs[1].state, JobState::Queued { epoch: 0 });
}

#[tokio::test]
async fn only_the_named_ends_are_tried_again() {
    let (_folder, store) = store().await;
    let repository = repository(&store, "me/thing").await;
    for (on, code, again) in [("exit:75", 75, true), ("exit:75", 1, false), ("error", 1, false), ("failure", 0, false)]
    {
        let made = build(&store, &repository, vec![trying("a", &[on], 0)]).await;
        run(&store, made, code).await;
        let now = detail(&store, made).await;
        assert_eq!(now.summary.finish.is_none(), again, "{on} {code}");
        assert_eq!(now.jobs[0].attempt, if again { 2 } else { 1 });
    }
}

#[tokio::test]
async fn a_lost_job_is_tried_again_only_where_it_asks_for_that() {
    let (_folder, store) = store().await;
    let repository = repository(&store, "me/thing").await;
    let jobs = vec![trying("a", &["lost"], 0), trying("b", &["failure", "error"], 0)];
    let made = build(&store, &repository, jobs).await;
    for job in detail(&store, made).await.jobs {
        let claim = store.grant(job.id, runner_id(1), 100).await.unwrap().unwrap().claim;
        store.take_events(claim, vec![started(0)]).await.unwrap();
    }
    assert_eq!(store.expire(100).await.unwrap().len(), 2);
    let now = detail(&store, made).await;
    assert_eq!((now.jobs[0].attempt, &now.jobs[0].state), (2, &JobState::Queued { epoch: 0 }));
    assert_eq!((now.jobs[1].attempt, now.jobs[1].state.status()), (1, Status::Lost));
    let old = store.job_attempt(now.jobs[0].id, 1).await.unwrap().unwrap();
    assert_eq!(old.state.status(), Status::Lost);
}

#[tokio::test]
async fn a_stop_on_demand_is_not_tried_again_and_ends_a_pause() {
    let (_folder, store) = store().await;
    let repository = repository(&store, "me/thing").await;
    let all = ["failure", "error", "lost"];
    let made = build(&store, &repository, vec![trying("a", &all, 0)]).await;
    let claim = granted(&store, detail(&store, made).await.jobs[0].id, 1).await;
    store.take_events(claim, vec![started(0)]).await.unwrap();
    store.cancel_build(made.id, "me").await.unwrap();
    store.take_events(claim, vec![ended(0, 137), finished(137)]).await.unwrap();
    assert_eq!(detail(&store, made).await.summary.status, Status::Cancelled);

    let made = build(&store, &repository, vec![trying("a", &all, 60)]).await;
    run(&store, made, 1).await;
    assert!(matches!(detail(&store, made).await.jobs[0].state, JobState::Delayed { .. }));
    store.cancel_build(made.id, "me").await.unwrap();
    let now = detail(&store, made).await;
    assert_eq!((now.summary.status, step_states(&now, 0)), (Status::Cancelled, vec![Status::Skipped]));
    store.end_delays(i64::MAX / 2).await.unwrap();
    assert_eq!(detail(&store, made).await.summary.status, Status::Cancelled);
}

#[tokio::test]
async fn a_pause_ends_at_its_time_or_when_the_clock_was_set_back() {
    let (_folder, store) = store().await;
    let repository = repository(&store, "me/thing").await;
    let made = build(&store, &repository, vec![trying("a", &["failure"], 60)]).await;
    run(&store, made, 1).await;
    let now = detail(&store, made).await;
    let JobState::Delayed { until } = now.jobs[0].state else { panic!("{:?}", now.jobs[0].state) };
    assert_eq!(now.summary.status, Status::Running);
    store.end_delays(until - 1).await.unwrap();
    assert!(matches!(detail(&store, made).await.jobs[0].state, JobState::Delayed { .. }), "not yet");
    assert!(store.grant(now.jobs[0].id, runner_id(1), 1).await.unwrap().is_none());
    store.end_delays(until).await.unwrap();
    assert_eq!(detail(&store, made).await.jobs[0].state, JobState::Queued { epoch: 0 });

    run(&store, made, 1).await;
    store.end_delays(until - 24 * 3_600_000).await.unwrap();
    assert_eq!(detail(&store, made).await.jobs[0].state, JobState::Queued { epoch: 0 }, "nobody waits a day");
}

#[tokio::test]
async fn a_pause_outlives_the_server_and_the_next_attempt_comes_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let first = server(&folder).await;
    let repository = repository(&first.app().store, "me/thing").await;
    build(&first.app().store, &repository, vec![trying("a", &["failure"], 1)]).await;
    let runner = Talker::new(&first, 1).introduced().await;
    let claim = runner.next().await.claim;
    let news = vec![started(0), ended(0, 1), finished(1)];
    assert!(runner.report(claim, news.clone()).await.is_success());
    assert!(runner.report(claim, news[2..].to_vec()).await.is_success(), "said again");
    let other = Talker::new(&first, 2).with_token_of_its_own(&first).await.introduced().await;
    assert_eq!(other.report(claim, news[2..].to_vec()).await, 409, "nobody else's");
    first.stop().await.unwrap();

    let second = server(&folder).await;
    let runner = Talker { url: second.loopback_url(), ..runner };
    let again = runner.next().await;
    assert_eq!((again.claim.job, again.claim.attempt), (claim.job, 2));
    assert!(runner.report(again.claim, news.clone()).await.is_success());
    // And once more without a restart between: the server's own clock.
    assert_eq!(runner.next().await.claim.attempt, 3);
    second.stop().await.unwrap();
}
