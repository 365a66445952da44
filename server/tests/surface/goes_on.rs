//! A job that failed and goes on from the step that did, with the workspace that its runner kept.

use std::sync::Arc;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use slipway_pipelines::{
    compile::{Compilation, CompiledJob},
    lease::Claim,
    plan::{Artifacts, KeepOn, Report, ReportKind, RunsOn},
    state::{Finish, Reason, StepState},
    wire::{Grant, JobNews, ReportContent, ReportPart, Reported, TestCase, TestOutcome, Welcome},
};
use slipway_server::store::model::{BuildContent, NewBuild, Repository};

use crate::setup::{Runner, TOKEN, World, job, trigger};

const BUILD: &str = "/repos/me/thing/builds/1";
const BUTTON: &str = "action=\"/repos/me/thing/builds/1/retry?from=failed\"";

/// A job of three steps, one after the other; the first gives all that a step can give.
async fn make(world: &World, repository: &Repository) {
    let mut job = job(&["build", "test", "deploy"]);
    let first = Arc::make_mut(&mut job.plan.steps[0]);
    first.outputs = vec!["VERSION".to_owned()];
    first.files.reports = vec![Report { kind: ReportKind::Junit, paths: vec!["*".to_owned()] }];
    first.files.artifacts =
        Some(Artifacts { paths: vec!["app".to_owned()], on: KeepOn::Success, expire_seconds: None });
    let compilation = Compilation { jobs: vec![job], ..Compilation::default() };
    let content = BuildContent { compilation, diagnostics_text: String::new(), fault: Reason::Config };
    let new = NewBuild { repository: repository.id, trigger: trigger("x"), parent: None, delivery: None };
    world.server.app().store.create_build(new, move |_| content).await.unwrap();
}

/// The first step goes well and gives something.
async fn builds(world: &World, runner: &Runner<'_>, claim: Claim) {
    runner.started(claim, 0).await;
    runner.log(claim, 0, 0, b"built\n").await;
    runner.news(claim, JobNews::Outputs { step: 0, values: [("VERSION".to_owned(), "7".to_owned())].into() }).await;
    runner.news(claim, JobNews::Warning { step: Some(0), text: "it is a warm day".to_owned() }).await;
    let content = ReportContent::Tests(vec![TestCase {
        suite: "s".to_owned(),
        name: "t".to_owned(),
        file: None,
        outcome: TestOutcome::Passed,
        duration_ms: None,
        message: String::new(),
        flaked: false,
    }]);
    let report = ReportPart { step: 0, tries: 0, kind: ReportKind::Junit, path: "r.xml".to_owned(), part: 0, content };
    world.server.app().store.take_report(Reported { claim, report }).await.unwrap();
    let url = format!("/runner/v1/artifacts/{}/{}/0?epoch={}&path=app", claim.job, claim.attempt, claim.epoch);
    let put = world.bare(Method::PUT, &url).bearer_auth(world.server.runner_token()).body("app");
    assert_eq!(put.send().await.unwrap().status(), StatusCode::NO_CONTENT);
    runner.ended(claim, 0, Finish::exit(0), 6).await;
}

/// The second step fails, and the job with it.
async fn fails(runner: &Runner<'_>, claim: Claim, kept: Option<Claim>) {
    runner.started(claim, 1).await;
    runner.log(claim, 1, 0, format!("attempt {}\n", claim.attempt).as_bytes()).await;
    runner.ended(claim, 1, Finish::exit(1), 10).await;
    runner.ended(claim, 2, Finish::because(Reason::Needs), 0).await;
    runner.ends(claim, Finish::exit(1), kept).await;
}

fn standing(grant: &Grant) -> (Claim, Vec<usize>) {
    let kept = grant.kept.as_ref().expect("it goes on");
    assert_eq!(kept.outputs, [(0, [("VERSION".to_owned(), "7".to_owned())].into())].into());
    (kept.workspace, kept.steps.keys().copied().collect())
}

#[tokio::test]
async fn what_stands_is_taken_over_and_only_the_rest_runs_again() {
    let world = World::start().await;
    let repository = world.repository("me/thing").await;
    make(&world, &repository).await;
    let runner = world.runner().await;
    let first = runner.take().await;
    builds(&world, &runner, first).await;
    fails(&runner, first, Some(first)).await;
    assert!(world.text(BUILD).await.contains(BUTTON));

    let retry = format!("/api/v1{BUILD}/retry");
    let (status, error) = world.post(&retry, &json!({"what": "all", "from": "failed"})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{error}");
    let (status, error) = world.post(&retry, &json!({"from": "here"})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{error}");
    let (status, build) = world.post(&retry, &json!({"from": "failed"})).await;
    assert_eq!(status, StatusCode::OK, "{build}");
    let job = &build["jobs"][0];
    assert_eq!(
        (&job["attempt"], &job["waits"]),
        (&json!(2), &json!("waits for a free slot of quay, which has its workspace"))
    );
    let steps: Vec<_> =
        job["steps"].as_array().unwrap().iter().map(|step| (&step["status"], &step["ran_in"])).collect();
    let (pending, none) = (json!("pending"), Value::Null);
    assert_eq!(steps, [(&json!("success"), &json!(1)), (&pending, &none), (&pending, &none)]);

    // Nothing of what the first step gave is lost.
    assert_eq!(job["outputs"], json!({"VERSION": "7"}));
    assert_eq!(world.text(&format!("/api/v1{BUILD}/artifacts/app")).await, "app");
    assert_eq!(world.json(&format!("/api/v1{BUILD}/tests")).await["tests"]["passed"], 1);
    assert_eq!(build["warnings"][0]["text"], "it is a warm day");
    let log = format!("/api/v1{BUILD}/jobs/0/steps/0/log");
    for place in [log.clone(), format!("{log}?attempt=1"), format!("{log}?attempt=2")] {
        assert_eq!(world.text(&place).await, "built\n", "{place}");
    }
    let page = world.text(&format!("{BUILD}/jobs/0/steps/0")).await;
    assert!(page.contains("ran in attempt 1") && page.contains(">built<"), "{page}");

    // The same runner only, also one that is restarted meanwhile.
    let second = runner.grant().await;
    assert_eq!((second.claim.attempt, standing(&second)), (2, (first, vec![0])));
    let welcome: Welcome = runner.hello(&[second.claim]).await.json().await.unwrap();
    assert_eq!(standing(&welcome.resume[0].grant), (first, vec![0]));
    assert!(matches!(&welcome.resume[0].steps[0], StepState::Finished { started: None, .. }));
    assert_eq!(welcome.resume[0].outputs, second.kept.as_ref().unwrap().outputs);

    // It fails once more, and goes on with the same workspace.
    fails(&runner, second.claim, Some(first)).await;
    let (status, build) = world.post(&retry, &json!({"job": "te/st", "from": "failed"})).await;
    assert_eq!((status, &build["jobs"][0]["steps"][0]["ran_in"]), (StatusCode::OK, &json!(1)), "{build}");
    assert_eq!(world.text(&log).await, "built\n");
    assert_eq!(world.text(&format!("/api/v1{BUILD}/jobs/0/steps/1/log?attempt=2")).await, "attempt 2\n");
    assert_eq!(world.json(&format!("/api/v1{BUILD}/tests")).await["tests"]["passed"], 1);
    let third = runner.grant().await;
    assert_eq!((third.claim.attempt, standing(&third)), (3, (first, vec![0])));
    for step in [1, 2] {
        runner.started(third.claim, step).await;
        runner.ended(third.claim, step, Finish::exit(0), 0).await;
    }
    runner.ends(third.claim, Finish::because(Reason::Ok), None).await;
    let build = world.json(&format!("/api/v1{BUILD}")).await;
    assert_eq!((&build["status"], &build["jobs"][0]["outputs"]["VERSION"]), (&json!("success"), &json!("7")));

    // All again is all again.
    let (_, build) = world.post(&retry, &json!({})).await;
    assert_eq!((&build["jobs"][0]["steps"][0]["status"], &build["jobs"][0]["steps"][0]["ran_in"]), (&pending, &none));
    assert!(runner.grant().await.kept.is_none());
}

#[tokio::test]
async fn a_workspace_that_is_gone_is_said_at_once() {
    let world = World::start().await;
    let repository = world.repository("me/thing").await;
    make(&world, &repository).await;
    let runner = world.runner().await;
    let claim = runner.take().await;
    builds(&world, &runner, claim).await;
    fails(&runner, claim, None).await;
    assert!(!world.text(BUILD).await.contains("from=failed"));
    let press = || world.bare(Method::POST, &format!("{BUILD}/retry?from=failed")).bearer_auth(TOKEN).send();
    let answer = press().await.unwrap();
    let (status, page) = (answer.status(), answer.text().await.unwrap());
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(page.contains("workspace of job `te/st` is not kept any more"), "{page}");
    assert_eq!(world.json(&format!("/api/v1{BUILD}")).await["jobs"][0]["attempt"], 1, "nothing happened");

    // A job of which nothing stands begins at its start anyway.
    let (_, build) = world.post(&format!("/api/v1{BUILD}/retry"), &json!({})).await;
    assert_eq!(build["jobs"][0]["attempt"], 2);
    let claim = runner.take().await;
    runner.started(claim, 0).await;
    runner.ended(claim, 0, Finish::exit(1), 0).await;
    runner.ends(claim, Finish::exit(1), None).await;
    assert_eq!(press().await.unwrap().status(), StatusCode::SEE_OTHER);
    assert!(runner.grant().await.kept.is_none());
}

#[tokio::test]
async fn what_took_something_of_a_job_that_goes_on_takes_it_anew() {
    let world = World::start().await;
    let repository = world.repository("me/thing").await;
    let named = |name: &str, needs: &[usize], runs_on| CompiledJob {
        name: name.to_owned(),
        needs: needs.to_vec(),
        runs_on,
        ..job(&["build", "test"])
    };
    let jobs = vec![
        named("first", &[], RunsOn::default()),
        named("second", &[0], RunsOn { success: true, failure: true }),
        named("other", &[], RunsOn::default()),
    ];
    let compilation = Compilation { jobs, ..Compilation::default() };
    let content = BuildContent { compilation, diagnostics_text: String::new(), fault: Reason::Config };
    let new = NewBuild { repository: repository.id, trigger: trigger("x"), parent: None, delivery: None };
    world.server.app().store.create_build(new, move |_| content).await.unwrap();
    let runner = world.runner().await;
    // The second job is free when the first has failed, and comes before the third.
    for _ in 0..3 {
        let claim = runner.take().await;
        runner.started(claim, 0).await;
        runner.ended(claim, 0, Finish::exit(0), 0).await;
        runner.started(claim, 1).await;
        runner.ended(claim, 1, Finish::exit(1), 0).await;
        runner.ends(claim, Finish::exit(1), Some(claim)).await;
    }
    let page = world.text(BUILD).await;
    assert!(page.contains("retry?from=failed&#38;job=first"), "{page}");
    let (status, build) =
        world.post(&format!("/api/v1{BUILD}/retry"), &json!({"from": "failed", "job": "first"})).await;
    assert_eq!(status, StatusCode::OK, "{build}");
    let seen: Vec<_> =
        (0..3).map(|job| (&build["jobs"][job]["attempt"], &build["jobs"][job]["steps"][0]["ran_in"])).collect();
    let (one, two, none) = (json!(1), json!(2), Value::Null);
    assert_eq!(seen, [(&two, &one), (&two, &none), (&one, &none)]);
}

#[tokio::test]
async fn who_waits_for_a_runner_that_is_gone_for_good_is_told() {
    let world = World::start().await;
    let repository = world.repository("me/thing").await;
    make(&world, &repository).await;
    let runner = world.runner().await;
    let claim = runner.take().await;
    builds(&world, &runner, claim).await;
    fails(&runner, claim, Some(claim)).await;
    let (_, build) = world.post(&format!("/api/v1{BUILD}/retry"), &json!({"from": "failed"})).await;
    assert_eq!(build["status"], "pending");
    let store = &world.server.app().store;
    let later = slipway_server::clock::now() + 1000;
    let kept = [(claim, runner.id)].into();
    store.refuse_gone(vec![claim.job], kept, later).await.unwrap();
    store.refuse_gone(vec![claim.job], Default::default(), 0).await.unwrap();
    assert_eq!(world.json(&format!("/api/v1{BUILD}")).await["status"], "pending", "it is there, or was lately");
    store.refuse_gone(vec![claim.job], Default::default(), later).await.unwrap();
    let build = world.json(&format!("/api/v1{BUILD}")).await;
    assert_eq!((&build["status"], &build["jobs"][0]["reason"]), (&json!("error"), &json!("infra")), "{build}");
    assert_eq!(build["jobs"][0]["note"], "its workspace is not kept any more: retry the whole job");
    assert_eq!(build["jobs"][0]["steps"][0]["status"], "success");
}
