//! What a build's page opens above the log: over time, what waits for what, where it comes from.

use reqwest::StatusCode;
use serde_json::json;
use slipway_pipelines::{
    state::{Finish, StepEvent},
    wire::{JobNews, Phase, PhaseTime, PushedImage},
};
use slipway_server::{clock, store::model::Repository};

use crate::setup::{Runner, World};

/// A build whose only step takes exactly so long.
async fn run(world: &World, runner: &Runner<'_>, repository: &Repository, length: i64, code: i32) {
    world.build(repository, "x", &["build"]).await;
    let claim = runner.take().await;
    let at = clock::now() - 10_000;
    let step = |event| JobNews::Step { step: 0, event, log_bytes: None };
    runner.news(claim, step(StepEvent::Started { at })).await;
    let time = |ended| JobNews::Phase { step: 0, time: PhaseTime { phase: Phase::Pull, began: at - 2_000, ended } };
    runner.news(claim, time(None)).await;
    runner.news(claim, time(Some(at - 500))).await;
    runner.news(claim, step(StepEvent::Finished { finish: Finish::exit(code), at: at + length })).await;
    runner.finished(claim, Finish::exit(code)).await;
}

#[tokio::test]
async fn a_build_says_what_its_time_went_into_and_how_long_its_steps_usually_take() {
    let world = World::start().await;
    let repository = world.repository("me/thing").await;
    let runner = world.runner().await;
    for (length, code) in [(1_000, 0), (9_999, 1), (3_000, 0), (2_000, 0), (7_000, 0)] {
        run(&world, &runner, &repository, length, code).await;
    }
    let lanes = world.json("/api/v1/repos/me/thing/builds/5/timeline").await;
    assert_eq!((&lanes[0]["job"], &lanes[0]["step"]), (&json!("te/st"), &json!(null)));
    assert_eq!(lanes[0]["parts"][0]["kind"], "queue", "{lanes}");
    assert!(lanes[0]["parts"][0]["to"].is_string(), "a runner took it");
    assert_eq!((&lanes[1]["step"], &lanes[1]["critical"]), (&json!("build"), &json!(true)));
    assert_eq!(lanes[1]["usual_ms"], 2_000, "the median of the builds before that went well");
    let kinds: Vec<_> = lanes[1]["parts"].as_array().unwrap().iter().map(|part| part["kind"].clone()).collect();
    assert_eq!(kinds, ["run", "pull"], "{lanes}");
    let first = world.json("/api/v1/repos/me/thing/builds/1/timeline").await;
    assert_eq!(first[1]["usual_ms"], json!(null));

    let page = world.text("/repos/me/thing/builds/5?show=timeline").await;
    assert!(page.contains("class=\"waterfall\"") && page.contains("<td class=\"c-time bad\">2.0 s</td>"), "{page}");
    assert!(page.contains("<rect class=\"pull\"") && page.contains("image pulled 1.5 s"), "{page}");
    assert!(page.contains("href=\"/repos/me/thing/builds/5\" data-panel=\"timeline\" aria-expanded=\"true\""));
    let step = world.text("/repos/me/thing/builds/5/jobs/0/steps/0?attempt=1&show=timeline").await;
    assert!(step.contains("waterfall") && step.contains("steps/0?attempt=1&#38;show=details"), "{step}");
    let plain = world.text("/repos/me/thing/builds/5").await;
    assert!(!plain.contains("waterfall") && plain.contains("?show=timeline") && !plain.contains("?show=graph"));
    let wrong = world.get("/repos/me/thing/builds/5?show=everything").await;
    assert_eq!(wrong.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_build_says_what_failed_and_what_it_made() {
    let world = World::start().await;
    let repository = world.repository("me/thing").await;
    let runner = world.runner().await;
    world.build(&repository, "x", &["good", "bad", "never"]).await;
    let claim = runner.take().await;
    runner.started(claim, 0).await;
    let image = PushedImage { reference: "r.example/me/app:1".to_owned(), digest: "sha256:0".to_owned() };
    runner.news(claim, JobNews::Pushed { step: 0, image }).await;
    runner.ended(claim, 0, Finish::exit(0), 0).await;
    runner.started(claim, 1).await;
    let running = world.text("/repos/me/thing/builds/1?show=timeline").await;
    assert!(running.contains("waterfall") && !running.contains("class=\"failures\""));
    runner.ended(claim, 1, Finish::exit(7), 0).await;
    let early = world.text("/repos/me/thing/builds/1").await;
    assert!(early.contains("<a href=\"/repos/me/thing/builds/1/jobs/0/steps/1\">te/st / bad</a>"), "{early}");
    runner.finished(claim, Finish::exit(7)).await;
    let page = world.text("/repos/me/thing/builds/1?show=details").await;
    assert!(page.contains("<p>The job failed</p>") && page.contains("exit code 7"), "{page}");
    assert!(page.contains("Not known for this build.") && page.contains("runs on tags only"), "{page}");
    assert!(!page.contains("r.example/me/app:1"), "nobody asked for that push");
}
