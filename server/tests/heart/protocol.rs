//! The runner protocol over real HTTP.

use std::time::Duration;

use reqwest::StatusCode;
use slipway_pipelines::{
    lease::Claim,
    state::{Finish, Status, StepEvent},
    wire::{Appended, Committed, Hello, JobNews, MAX_APPEND_BYTES, Next, Order, PROTOCOL, Welcome},
};
use slipway_server::{Running, logs::LogAddress, store::model::BuildRef};
use tempfile::TempDir;

use crate::support::{
    Talker, build, detail, ended, finished, job, json, repository, runner_id, server, soon, started, until,
};

/// A server, a runner that has said hello, and nothing to do.
async fn idle() -> (TempDir, Running, Talker) {
    let folder = tempfile::tempdir().unwrap();
    let server = server(&folder).await;
    let runner = Talker::new(&server, 1).introduced().await;
    (folder, server, runner)
}

/// The same with a build of one job that the runner holds.
async fn busy() -> (TempDir, Running, Talker, BuildRef, Claim) {
    let (folder, server, runner) = idle().await;
    let repository = repository(&server.app().store, "me/thing").await;
    let made = build(&server.app().store, &repository, vec![job("a", 2, &[])]).await;
    let claim = runner.next().await.claim;
    (folder, server, runner, made, claim)
}

#[tokio::test]
async fn a_job_from_the_commit_that_queues_it_to_the_end_of_its_log() {
    let (_folder, server, runner) = idle().await;
    let app = server.app();
    let repository = repository(&app.store, "me/thing").await;
    let waiting = tokio::spawn({
        let runner = runner.clone();
        async move { runner.next().await }
    });
    until("the runner waits", async || app.dispatcher.counts().1 == 1).await;
    let mut news = app.news.subscribe();
    let made = build(&app.store, &repository, vec![job("a", 2, &[])]).await;
    let grant = waiting.await.unwrap();
    assert_eq!(soon("news", news.recv()).await.unwrap(), made.id);
    assert_eq!(grant.title, "me/thing #1 a");
    assert_eq!(grant.plan.steps.len(), 2);
    assert_eq!(grant.source.url, "/git/me/thing.git");
    assert_eq!(grant.source.origin, format!("{}/git/me/thing.git", server.url()));
    assert!(grant.source.path.is_some_and(|path| path.starts_with('/') && path.ends_with("/git/me/thing.git")));

    let claim = grant.claim;
    let address = LogAddress { job: claim.job, attempt: 1, step: 0 };
    let mut tail = app.tail(address, 0).await.unwrap();
    assert_eq!(runner.report(claim, vec![started(0)]).await, StatusCode::NO_CONTENT);
    let appended: Appended = json(runner.append(claim, 0, 0, b"hello\n").await).await;
    assert_eq!(appended.committed, 6);
    assert_eq!(soon("the log", tail.next()).await.unwrap().1, "hello\n");
    let appended: Appended = json(runner.append(claim, 0, 2, b"llo\nworld\n").await).await;
    assert_eq!(appended.committed, 12, "an overlap is trimmed");
    let gap = runner.append(claim, 0, 99, b"x").await;
    assert_eq!(gap.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(gap.json::<Appended>().await.unwrap().committed, 12);
    let url = format!("{}/runner/v1/logs/{}/1?epoch={}", runner.url, claim.job, claim.epoch);
    let committed: Committed = json(runner.client.get(url).bearer_auth(&runner.token).send().await.unwrap()).await;
    assert_eq!(committed.steps, [(0, 12)].into());

    let event = StepEvent::Finished { finish: Finish::exit(0), at: 2 };
    let end = JobNews::Step { step: 0, event, log_bytes: Some(12) };
    assert_eq!(runner.report(claim, vec![end]).await, StatusCode::NO_CONTENT);
    assert_eq!(soon("the rest", tail.next()).await.unwrap().1, "world\n");
    assert_eq!(soon("the end of the step", tail.next()).await, None);
    let news = vec![started(1), ended(1, 0), finished(0)];
    assert_eq!(runner.report(claim, news.clone()).await, StatusCode::NO_CONTENT);
    assert_eq!(runner.report(claim, news).await, StatusCode::NO_CONTENT, "the answer was lost, say");
    let now = detail(&app.store, made).await;
    assert_eq!(now.summary.status, Status::Success);
    assert_eq!(now.jobs[0].steps[0].log_bytes, Some(12));
    assert_eq!(now.jobs[0].runner.as_deref(), Some("talker"));
    let mut late = app.tail(address, 6).await.unwrap();
    assert_eq!(late.next().await.unwrap(), (6, "world\n".into()), "and from where somebody stopped reading");
    assert_eq!(late.next().await, None);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn who_has_no_right_to_a_job_is_told_so() {
    let (_folder, server, runner, _, claim) = busy().await;
    let stale = Claim { epoch: claim.epoch + 1, ..claim };
    assert_eq!(runner.report(stale, vec![started(0)]).await, StatusCode::CONFLICT);
    assert_eq!(runner.append(stale, 0, 0, b"x").await.status(), StatusCode::CONFLICT);
    assert_eq!(runner.append(Claim { attempt: 2, ..claim }, 0, 0, b"x").await.status(), StatusCode::CONFLICT);
    assert_eq!(runner.renew(&[stale], 0).await.orders, [Order::Drop { claim: stale }]);

    let other = runner.clone().with_token_of_its_own(&server).await;
    assert_eq!(other.hello(Vec::new()).await.status(), StatusCode::FORBIDDEN, "the id belongs to another token");
    assert_eq!(other.append(claim, 0, 0, b"x").await.status(), StatusCode::FORBIDDEN);
    assert_eq!(other.report(claim, vec![finished(0)]).await, StatusCode::FORBIDDEN);
    let second = Talker { id: runner_id(2), ..other }.introduced().await;
    assert_eq!(second.renew(&[claim], 0).await.orders, [Order::Drop { claim }], "another runner's job");

    let stranger = Talker { id: runner_id(9), ..runner.clone() };
    let unknown =
        stranger.post("next", &Next { runner: stranger.id, kept: Vec::new(), disk: None }).send().await.unwrap();
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
    let nobody = Talker { token: "slp_wrong".to_owned(), ..runner.clone() };
    assert_eq!(nobody.hello(Vec::new()).await.status(), StatusCode::UNAUTHORIZED);
    let hello = Hello {
        protocol: PROTOCOL + 1,
        runner: runner.id,
        name: String::new(),
        version: String::new(),
        labels: [].into(),
        slots: 1,
        holding: Vec::new(),
    };
    assert_eq!(runner.post("hello", &hello).send().await.unwrap().status(), StatusCode::UPGRADE_REQUIRED);
    let big = runner.append(claim, 0, 0, &vec![b'x'; MAX_APPEND_BYTES + 1]).await;
    assert_eq!(big.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let nonsense = runner.post("events", &"no").send().await.unwrap();
    assert!(nonsense.status().is_client_error() && nonsense.text().await.unwrap().contains("\"error\""));
    assert_eq!(runner.append(claim, 0, 0, b"mine").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_cancel_reaches_the_runner_at_once() {
    let (_folder, server, runner, made, claim) = busy().await;
    let app = server.app();
    assert_eq!(runner.report(claim, vec![started(0)]).await, StatusCode::NO_CONTENT);
    let before = detail(&app.store, made).await.jobs[0].state.lease().map(|lease| lease.deadline);
    let held = tokio::spawn({
        let runner = runner.clone();
        async move { runner.renew(&[claim], 25_000).await }
    });
    until("the lease is renewed", async || {
        detail(&app.store, made).await.jobs[0].state.lease().map(|lease| lease.deadline) > before
    })
    .await;
    app.cancel_build(made.id, "me").await.unwrap();
    let renewed = tokio::time::timeout(Duration::from_secs(5), held).await.expect("at once").unwrap();
    let [Order::Stop { claim: which, finish }] = &renewed.orders[..] else { panic!("{:?}", renewed.orders) };
    assert_eq!((*which, finish.note.as_str()), (claim, "cancelled by me"));
    assert_eq!(runner.report(claim, vec![finished(143)]).await, StatusCode::NO_CONTENT);
    assert_eq!(detail(&app.store, made).await.summary.status, Status::Cancelled);
    assert_eq!(runner.renew(&[claim], 0).await.orders, [Order::Drop { claim }]);
}

#[tokio::test]
async fn a_runner_that_hangs_up_loses_no_job() {
    let (_folder, server, runner) = idle().await;
    let app = server.app();
    let gone = tokio::spawn({
        let runner = runner.clone();
        async move { runner.next().await }
    });
    until("the runner waits", async || app.dispatcher.counts().1 == 1).await;
    gone.abort();
    let repository = repository(&app.store, "me/thing").await;
    // Whether the server has noticed by now or not, somebody who stays gets it.
    let made = build(&app.store, &repository, vec![job("a", 1, &[])]).await;
    let second = Talker { id: runner_id(2), ..runner }.introduced().await;
    let grant = second.next().await;
    assert_eq!(grant.claim.job, detail(&app.store, made).await.jobs[0].id);
}

#[tokio::test]
async fn jobs_go_to_runners_with_their_labels_oldest_build_first() {
    let (_folder, server, runner) = idle().await;
    let store = &server.app().store;
    let repository = repository(store, "me/thing").await;
    let mut special = job("gpu", 1, &[]);
    special.labels = [("gpu".to_owned(), "big".to_owned())].into();
    build(store, &repository, vec![special]).await;
    let second = build(store, &repository, vec![job("a", 1, &[]), job("b", 1, &[])]).await;
    let third = build(store, &repository, vec![job("c", 1, &[])]).await;
    let mut names = Vec::new();
    for _ in 0..3 {
        names.push(runner.next().await.title);
    }
    assert_eq!(names, ["me/thing #2 a", "me/thing #2 b", "me/thing #3 c"]);
    assert_eq!((second.number, third.number), (2, 3));
    assert_eq!(server.app().dispatcher.counts().0, 1, "nobody has the label");
}

#[tokio::test]
async fn a_restarted_runner_is_told_what_to_go_on_with() {
    let (_folder, server, runner, made, claim) = busy().await;
    assert_eq!(runner.report(claim, vec![started(0)]).await, StatusCode::NO_CONTENT);
    server.app().cancel_build(made.id, "me").await.unwrap();
    let old = Claim { epoch: 0, ..claim };
    let welcome: Welcome = json(runner.hello(vec![claim, old]).await).await;
    assert_eq!(welcome.drop, [old]);
    let [resume] = &welcome.resume[..] else { panic!("{welcome:?}") };
    assert_eq!(resume.grant.claim, claim);
    assert_eq!(resume.steps.iter().map(|step| step.status()).collect::<Vec<_>>(), [Status::Running, Status::Pending]);
    assert!(resume.stop.is_some(), "the order that it may have missed");
}

#[tokio::test]
async fn errors_of_ours_say_nothing_but_the_request() {
    let (_folder, server, _) = idle().await;
    let client = reqwest::Client::new();
    let get = |path: &str| client.get(format!("{}{path}", server.loopback_url())).send();
    assert_eq!(get("/healthz").await.unwrap().status(), StatusCode::OK);
    assert_eq!(get("/readyz").await.unwrap().status(), StatusCode::OK);
    assert_eq!(get("/metrics").await.unwrap().status(), StatusCode::UNAUTHORIZED);
    let token = server.admin_token().unwrap().to_owned();
    let metrics = client.get(format!("{}/metrics", server.loopback_url())).bearer_auth(token).send().await.unwrap();
    assert!(metrics.text().await.unwrap().contains("slipway_runners 1"));
    server.app().store.close().await;
    let broken = get("/readyz").await.unwrap();
    assert_eq!(broken.status(), StatusCode::SERVICE_UNAVAILABLE);
    let id = broken.headers()["x-request-id"].to_str().unwrap().to_owned();
    let body: std::collections::BTreeMap<String, String> = broken.json().await.unwrap();
    assert_eq!(body, [("error".to_owned(), "not ready".to_owned()), ("request_id".to_owned(), id)].into());
}

#[tokio::test]
async fn a_lease_that_nobody_renews_goes_to_the_next_runner_with_empty_logs() {
    let (_folder, server, runner, _, claim) = busy().await;
    let app = server.app();
    let _: Appended = json(runner.append(claim, 0, 0, b"pulling the image").await).await;
    let second = Talker { id: runner_id(2), ..runner.clone() }.introduced().await;
    let waiting = tokio::spawn({
        let second = second.clone();
        async move { second.next().await }
    });
    until("the second waits", async || app.dispatcher.counts().1 == 1).await;
    // As if its minute were nearly over. The timer does the rest.
    let soon_over = slipway_server::clock::steady() + 50;
    app.store.renew(runner.id, vec![claim], soon_over).await.unwrap();
    let grant = waiting.await.unwrap();
    assert_eq!((grant.claim.job, grant.claim.epoch), (claim.job, claim.epoch + 1));
    assert!(slipway_server::clock::steady() >= soon_over, "not before its end");
    assert_eq!(runner.append(claim, 0, 17, b", late").await.status(), StatusCode::CONFLICT);
    let appended: Appended = json(second.append(grant.claim, 0, 0, b"anew").await).await;
    assert_eq!(appended.committed, 4);
    let address = LogAddress { job: claim.job, attempt: 1, step: 0 };
    assert_eq!(app.logs.read(address, 0..99).await.unwrap(), "anew");
}
