//! Failures that are ignored show as warnings, waits and later attempts in words, outputs by name.

use serde_json::json;
use slipway_pipelines::{
    compile::{Compilation, CompiledJob, Concurrency},
    plan::{OnFailure, Retry, RetryOn, Step},
    state::{Finish, Reason},
    wire::JobNews,
};
use slipway_server::store::model::{BuildContent, BuildRef, NewBuild, Repository};

use crate::setup::{World, job, trigger};

async fn build(world: &World, repository: &Repository, job: CompiledJob) -> BuildRef {
    let compilation = Compilation { jobs: vec![job], ..Compilation::default() };
    let content = BuildContent { compilation, diagnostics_text: String::new(), fault: Reason::Config };
    let new = NewBuild { repository: repository.id, trigger: trigger("x"), parent: None, delivery: None };
    world.server.app().store.create_build(new, move |_| content).await.unwrap()
}

fn with_step(mut job: CompiledJob, position: usize, change: impl Fn(&mut Step)) -> CompiledJob {
    change(std::sync::Arc::make_mut(&mut job.plan.steps[position]));
    job
}

#[tokio::test]
async fn an_ignored_failure_is_amber_everywhere_and_green_nowhere() {
    let world = World::start().await;
    let repository = world.repository("me/thing").await;
    let job = with_step(job(&["lint", "test"]), 0, |step| step.on_failure = OnFailure::Ignore);
    build(&world, &repository, job).await;
    let runner = world.runner().await;
    let claim = runner.take().await;
    runner.started(claim, 0).await;
    runner.ended(claim, 0, Finish::exit(2), 0).await;
    runner.started(claim, 1).await;
    runner.ended(claim, 1, Finish { note: "2 retries".to_owned(), ..Finish::exit(0) }, 0).await;
    runner.finished(claim, Finish::because(Reason::OkWithWarnings)).await;

    let json = world.json("/api/v1/repos/me/thing/builds/1").await;
    assert_eq!((&json["status"], &json["reason"]), (&json!("success"), &json!("ok_with_warnings")));
    assert_eq!(json["jobs"][0]["reason"], json!("ok_with_warnings"));
    assert_eq!(
        (&json["jobs"][0]["steps"][0]["status"], &json["jobs"][0]["steps"][1]["note"]),
        (&json!("failure"), &json!("2 retries"))
    );
    let page = world.text("/repos/me/thing/builds/1").await;
    assert!(page.contains("icon-warning.svg") && page.contains("class=\"head s-warning\""), "{page}");
    assert!(page.contains("<title>warning #1 · me/thing</title>") && page.contains("with warnings"));
    assert_eq!(page.matches("s-success").count(), 2, "only the step that went well, and its log: {page}");
    assert!(page.contains("2 retries"), "{page}");
    for path in ["/", "/repos/me/thing"] {
        let list = world.text(path).await;
        assert!(list.contains("s-warning") && !list.contains("s-success"), "{path}: {list}");
    }
    let badge = world.text("/badges/me/thing.svg").await;
    assert!(badge.contains("success, warnings") && !badge.contains("#2b8a4b"), "{badge}");
}

#[tokio::test]
async fn a_job_of_a_full_group_says_that_it_waits_for_its_turn() {
    let world = World::start().await;
    let repository = world.repository("me/thing").await;
    let group = Concurrency { group: "deploy".to_owned(), limit: 1, cancel_superseded: false };
    for _ in 0..2 {
        build(&world, &repository, CompiledJob { concurrency: Some(group.clone()), ..job(&["a"]) }).await;
    }
    let says = "waits for its turn: one job of `deploy` runs at a time";
    assert!(world.text("/repos/me/thing/builds/2").await.contains(says));
    assert_eq!(world.json("/api/v1/repos/me/thing/builds/2").await["jobs"][0]["waits"], json!(says));
    let queue = world.json("/api/v1/queue").await;
    assert_eq!((&queue[0]["waits"], &queue[1]["waits"]), (&json!("no runner is there"), &json!(says)));
}

#[tokio::test]
async fn the_attempt_that_a_retry_makes_is_shown_with_when_and_which() {
    let world = World::start().await;
    let repository = world.repository("me/thing").await;
    let retry = Retry { max: 2, on: vec![RetryOn::Failure], delay_seconds: 3000 };
    build(&world, &repository, CompiledJob { retry: Some(retry), ..job(&["a"]) }).await;
    let runner = world.runner().await;
    let claim = runner.take().await;
    runner.started(claim, 0).await;
    runner.ended(claim, 0, Finish::exit(1), 0).await;
    runner.finished(claim, Finish::exit(1)).await;
    let page = world.text("/repos/me/thing/builds/1").await;
    assert!(page.contains(">attempt 2</span>") && page.contains("is tried again at "), "{page}");
    assert!(page.contains("?attempt=1"), "the first one's log is a link away");
    let waits = world.json("/api/v1/queue").await[0]["waits"].as_str().unwrap().to_owned();
    assert!(waits.starts_with("is tried again at ") && waits.ends_with(" UTC"), "{waits}");
}

#[tokio::test]
async fn outputs_are_told_by_name() {
    let world = World::start().await;
    let repository = world.repository("me/thing").await;
    let job = with_step(job(&["a"]), 0, |step| step.outputs = vec!["VERSION".to_owned()]);
    build(&world, &repository, job).await;
    let runner = world.runner().await;
    let claim = runner.take().await;
    runner.started(claim, 0).await;
    let values = [("VERSION".to_owned(), "<1.2>".to_owned())].into();
    runner.news(claim, JobNews::Outputs { step: 0, values }).await;
    runner.ended(claim, 0, Finish::exit(0), 0).await;
    runner.finished(claim, Finish::exit(0)).await;
    assert_eq!(world.json("/api/v1/repos/me/thing/builds/1").await["jobs"][0]["outputs"], json!({"VERSION": "<1.2>"}));
    let page = world.text("/repos/me/thing/builds/1").await;
    assert!(page.contains("1 output") && page.contains("&#60;1.2&#62;"), "{page}");
}
