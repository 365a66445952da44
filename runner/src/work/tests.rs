//! The whole runner against a server over real HTTP, on the dummy executor.

use std::{collections::BTreeMap, time::Duration};

use slipway_pipelines::{
    ids::RunnerId,
    lease::Claim,
    plan::Step,
    state::{Finish, Reason},
    wire::{Grant, Kept, Order},
};
use tempfile::TempDir;
use tokio::{task::JoinHandle, time};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    RunnerConfig, RunnerError,
    dummy::Dummy,
    executor::Executor,
    run,
    testing::{
        plans::{checkout, commands, detached, grant, step, with},
        server::{Inside, Server, TOKEN},
    },
};

struct Runner {
    stop: CancellationToken,
    task: JoinHandle<Result<(), RunnerError>>,
}

impl Runner {
    fn start(server: &Server, dummy: &Dummy, data: &TempDir, slots: u32) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn(run(config(server, data, slots), dummy.clone(), stop.clone()));
        Self { stop, task }
    }

    async fn stop(self) {
        self.stop.cancel();
        time::timeout(Duration::from_secs(15), self.task).await.unwrap().unwrap().unwrap();
    }
}

fn config(server: &Server, data: &TempDir, slots: u32) -> RunnerConfig {
    RunnerConfig {
        server_url: server.url(),
        token: TOKEN.into(),
        name: "tester".into(),
        instance: RunnerId(Uuid::from_u128(9)),
        data: data.path().to_owned(),
        labels: BTreeMap::from([("gpu".into(), "no".into())]),
        slots,
        keep_failed: 2,
    }
}

fn ended(inside: &Inside, grant: &Grant) -> bool {
    inside.heard[&grant.claim].finish.is_some()
}

fn word(server: &Server, grant: &Grant) -> &'static str {
    server.inside().heard[&grant.claim].finish.as_ref().map_or("none", |finish| finish.reason.as_str())
}

async fn gone(dummy: &Dummy) {
    let swept = async {
        while !dummy.survey().await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    time::timeout(Duration::from_secs(15), swept).await.expect("containers are left");
}

fn chain(sleep: &str) -> Vec<Step> {
    vec![
        checkout(),
        detached("db", &[0], true),
        commands(&["echo a"], with("SLEEP", sleep, step("a", &[0, 1]))),
        commands(&["echo b"], with("STEP_EXIT_CODE", "4", step("b", &[2]))),
        step("c", &[3]),
    ]
}

#[tokio::test]
async fn ten_jobs_on_two_slots_survive_a_server_that_fails_often() {
    let (server, dummy, data) = (Server::start().await, Dummy::new(), TempDir::new().unwrap());
    server.change(|inside| inside.one_fails_of = Some(5));
    let runner = Runner::start(&server, &dummy, &data, 2);
    let grants: Vec<Grant> = (1..=10).map(|job| grant(job, chain("5ms"))).collect();
    for grant in &grants {
        server.offer(grant.clone());
    }
    server.until("ten ends", |inside| grants.iter().all(|grant| ended(inside, grant))).await;
    for grant in &grants {
        assert_eq!(word(&server, grant), "exit_code");
        let heard = server.inside().heard[&grant.claim].clone();
        assert_eq!(heard.reasons(), ["ok", "stopped", "ok", "exit_code", "needs"]);
        assert_eq!((heard.log(2).as_str(), heard.log(3).as_str()), ("+ echo a\na\n", "+ echo b\nb\n"));
    }
    gone(&dummy).await;
    runner.stop().await;
}

#[tokio::test]
async fn it_presents_itself_with_its_labels() {
    let (server, dummy, data) = (Server::start().await, Dummy::new(), TempDir::new().unwrap());
    let runner = Runner::start(&server, &dummy, &data, 3);
    server.until("a hello", |inside| !inside.hellos.is_empty()).await;
    let hello = server.inside().hellos[0].clone();
    assert_eq!((hello.name.as_str(), hello.slots, hello.runner), ("tester", 3, RunnerId(Uuid::from_u128(9))));
    assert_eq!((hello.labels["backend"].as_str(), hello.labels["gpu"].as_str()), ("dummy", "no"));
    runner.stop().await;
}

#[tokio::test]
async fn a_wrong_token_is_said_at_once() {
    let (server, data) = (Server::start().await, TempDir::new().unwrap());
    let config = RunnerConfig { token: "slp_wrong".into(), ..config(&server, &data, 1) };
    let error = run(config.clone(), Dummy::new(), CancellationToken::new()).await.unwrap_err();
    assert!(matches!(error, RunnerError::Unauthorized { .. }), "{error}");
    assert!(!format!("{error} {config:?}").contains("slp_wrong"));
    let config = RunnerConfig { server_url: "ftp://x".into(), ..config };
    let error = run(config, Dummy::new(), CancellationToken::new()).await.unwrap_err();
    assert!(matches!(error, RunnerError::Address { .. }), "{error}");
}

#[tokio::test]
async fn an_order_to_stop_arrives_at_once_and_one_to_drop_is_obeyed_silently() {
    let (server, dummy, data) = (Server::start().await, Dummy::new(), TempDir::new().unwrap());
    let runner = Runner::start(&server, &dummy, &data, 2);
    let (stopped, dropped) = (grant(1, chain("1h")), grant(2, chain("1h")));
    server.offer(stopped.clone());
    server.offer(dropped.clone());
    server.until("both run", |inside| [&stopped, &dropped].iter().all(|g| inside.heard[&g.claim].is_running(2))).await;
    server.change(|inside| {
        let finish = Finish::because(Reason::Cancelled);
        inside.orders = vec![Order::Stop { claim: stopped.claim, finish }, Order::Drop { claim: dropped.claim }];
    });
    server.until("the stop", |inside| ended(inside, &stopped)).await;
    assert_eq!(word(&server, &stopped), "cancelled");
    gone(&dummy).await;
    assert_eq!(word(&server, &dropped), "none");
    runner.stop().await;
}

#[tokio::test]
async fn a_restarted_runner_goes_on_and_removes_what_it_must_not() {
    let (server, dummy, data) = (Server::start().await, Dummy::new(), TempDir::new().unwrap());
    let runner = Runner::start(&server, &dummy, &data, 2);
    let (kept, lost) = (grant(1, chain("700ms")), grant(2, chain("1h")));
    server.offer(kept.clone());
    server.offer(lost.clone());
    server.until("both run", |inside| [&kept, &lost].iter().all(|g| inside.heard[&g.claim].is_running(2))).await;
    runner.stop().await;
    assert_eq!(dummy.survey().await.unwrap().len(), 2, "containers stay");
    server.change(|inside| inside.stale.push(lost.claim));
    let runner = Runner::start(&server, &dummy, &data, 2);
    server.until("the end", |inside| ended(inside, &kept)).await;
    assert_eq!(server.inside().heard[&kept.claim].reasons(), ["ok", "stopped", "ok", "exit_code", "needs"]);
    assert_eq!(server.inside().heard[&kept.claim].log(2), "+ echo a\na\n");
    gone(&dummy).await;
    assert_eq!(word(&server, &lost), "none");
    runner.stop().await;
}

#[tokio::test]
async fn a_server_that_forgot_the_runner_hears_hello_again_and_the_job_goes_on() {
    let (server, dummy, data) = (Server::start().await, Dummy::new(), TempDir::new().unwrap());
    let runner = Runner::start(&server, &dummy, &data, 2);
    let job = grant(1, chain("1500ms"));
    server.offer(job.clone());
    server.until("it runs", |inside| inside.heard[&job.claim].is_running(2) && inside.renewals > 0).await;
    server.change(|inside| inside.known = false);
    server.until("a second hello", |inside| inside.hellos.len() == 2).await;
    assert_eq!(server.inside().hellos[1].holding, [job.claim]);
    server.until("the end", |inside| ended(inside, &job)).await;
    assert_eq!(word(&server, &job), "exit_code");
    assert_eq!(server.inside().hellos.len(), 2);
    runner.stop().await;
}

#[tokio::test]
async fn workspaces_of_failed_jobs_are_kept_until_there_are_too_many_or_the_runner_stops() {
    let (server, dummy, data) = (Server::start().await, Dummy::new(), TempDir::new().unwrap());
    let runner = Runner::start(&server, &dummy, &data, 1);
    let grants: Vec<Grant> = (1..=3).map(|job| grant(job, chain("5ms"))).collect();
    for grant in &grants {
        server.offer(grant.clone());
    }
    let claims: Vec<Claim> = grants.iter().map(|grant| grant.claim).collect();
    server.until("the newest two", |inside| inside.kept == claims[1..]).await;

    let kept = Kept {
        workspace: claims[1],
        steps: [0, 2].map(|step| (step, Finish::exit(0))).into(),
        outputs: BTreeMap::new(),
    };
    let again = Grant {
        claim: Claim { attempt: 2, epoch: 2, ..claims[1] },
        kept: Some(kept.clone()),
        ..grant(2, chain("5ms"))
    };
    server.offer(again.clone());
    server.until("it failed again", |inside| ended(inside, &again)).await;
    assert_eq!(word(&server, &again), "exit_code");
    assert_eq!(server.inside().heard[&again.claim].reasons(), ["ok", "stopped", "ok", "exit_code", "needs"]);
    server.until("it is the newest", |inside| inside.kept == [claims[2], claims[1]]).await;

    let lost = Grant {
        claim: Claim { attempt: 2, epoch: 2, ..claims[0] },
        kept: Some(Kept { workspace: claims[0], ..kept }),
        ..again
    };
    server.offer(lost.clone());
    server.until("it cannot", |inside| ended(inside, &lost)).await;
    assert_eq!(word(&server, &lost), "infra");
    gone(&dummy).await;
    runner.stop().await;
    assert_eq!((dummy.survey().await.unwrap(), dummy.keeps()), (vec![], vec![]));
}

#[tokio::test]
async fn a_job_that_goes_on_and_is_taken_away_leaves_its_workspace_to_the_next_try() {
    let (server, dummy, data) = (Server::start().await, Dummy::new(), TempDir::new().unwrap());
    let runner = Runner::start(&server, &dummy, &data, 1);
    let first = grant(1, chain("5ms"));
    server.offer(first.clone());
    server.until("it is kept", |inside| inside.kept == [first.claim]).await;
    let steps = [0, 2].map(|step| (step, Finish::exit(0))).into();
    let kept = Kept { workspace: first.claim, steps, outputs: BTreeMap::new() };
    let waiting = vec![
        checkout(),
        detached("db", &[0], true),
        step("a", &[0, 1]),
        commands(&["echo b"], with("SLEEP", "1h", step("b", &[2]))),
    ];
    let again = |epoch, steps| Grant {
        claim: Claim { attempt: 2, epoch, ..first.claim },
        kept: Some(kept.clone()),
        ..grant(1, steps)
    };
    let second = again(2, waiting);
    server.offer(second.clone());
    server.until("it runs", |inside| inside.heard[&second.claim].is_running(3)).await;
    server.change(|inside| {
        inside.kept.clear();
        inside.orders = vec![Order::Drop { claim: second.claim }];
    });
    server.until("it is kept again", |inside| inside.kept == [first.claim]).await;
    server.change(|inside| inside.orders.clear());
    let third = again(3, chain("5ms"));
    server.offer(third.clone());
    server.until("the end", |inside| ended(inside, &third)).await;
    assert_eq!(server.inside().heard[&third.claim].reasons(), ["ok", "stopped", "ok", "exit_code", "needs"]);
    gone(&dummy).await;
    runner.stop().await;
    assert_eq!((dummy.survey().await.unwrap(), dummy.keeps()), (vec![], vec![]));
}

#[tokio::test]
async fn a_cancel_is_heard_while_the_attempt_before_lets_go_of_the_workspace() {
    let (server, dummy, data) = (Server::start().await, Dummy::new(), TempDir::new().unwrap());
    let runner = Runner::start(&server, &dummy, &data, 2);
    dummy.hold(true);
    let first = grant(1, chain("5ms"));
    server.offer(first.clone());
    server.until("it failed", |inside| ended(inside, &first)).await;
    let steps = [0, 2].map(|step| (step, Finish::exit(0))).into();
    let kept = Some(Kept { workspace: first.claim, steps, outputs: BTreeMap::new() });
    let again = Grant { claim: Claim { attempt: 2, epoch: 2, ..first.claim }, kept, ..grant(1, chain("5ms")) };
    server.offer(again.clone());
    server.until("it waits", |inside| inside.granted.len() == 2).await;
    let finish = Finish::because(Reason::Cancelled);
    server.change(|inside| inside.orders = vec![Order::Stop { claim: again.claim, finish }]);
    server.until("its end", |inside| ended(inside, &again)).await;
    // Its slot asks for the next job: it is done with this one.
    server.change(|inside| inside.kept.clear());
    server.until("the slot is free", |inside| inside.kept == [first.claim]).await;
    dummy.hold(false);
    gone(&dummy).await;
    server.change(|inside| inside.kept.clear());
    server.until("it is still there", |inside| inside.kept == [first.claim]).await;
    assert_eq!(dummy.keeps(), [first.claim]);
    runner.stop().await;
    assert_eq!(dummy.keeps(), []);
}
