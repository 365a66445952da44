//! Queue and runners: who gets what, and why not.

use std::time::Duration;

use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use slipway_pipelines::state::Finish;

use crate::{
    home::{build_of, push},
    setup::{TOKEN, World},
};

async fn press(world: &World, path: &str) {
    let answer = world.bare(Method::POST, path).bearer_auth(TOKEN).send().await.unwrap();
    assert_eq!(
        (answer.status(), &answer.headers()[header::LOCATION]),
        (StatusCode::SEE_OTHER, &"/queue".parse().unwrap())
    );
}

async fn why(world: &World) -> Value {
    world.json("/api/v1/queue").await[0]["waits"].clone()
}

#[tokio::test]
async fn a_drained_runner_finishes_what_it_has_and_gets_nothing_new() {
    let world = World::start().await;
    let lights = world.repository("harbour/lights").await;
    build_of(&world, &lights, push("main", "one")).await;
    let runner = world.runner().await;
    let claim = runner.take().await;
    let id = world.json("/api/v1/runners").await[0]["id"].as_str().unwrap().to_owned();
    press(&world, &format!("/runners/{id}/drain")).await;
    build_of(&world, &lights, push("main", "two")).await;
    {
        let waits = runner.take();
        let waits = tokio::time::timeout(Duration::from_millis(300), waits).await;
        assert!(waits.is_err(), "a drained runner is given nothing");
    }
    assert_eq!(why(&world).await, Value::Null, "the first one is with its runner");
    runner.started(claim, 0).await;
    runner.ended(claim, 0, Finish::exit(0), 0).await;
    runner.finished(claim, Finish::exit(0)).await;
    assert_eq!(why(&world).await, json!("drained: quay"));
    assert_eq!(world.json("/api/v1/runners").await[0]["disk"], json!({"free": 3_u64 << 30, "total": 8_u64 << 30}));
    let page = world.text("/queue").await;
    assert!(page.contains("3.0 GiB of 8.0 GiB free"), "{page}");
    assert!(page.contains("drained by admin") && page.contains("drained: quay"), "{page}");
    assert_eq!(world.json("/api/v1/runners").await[0]["drained"]["by"], json!("admin"));

    let (status, resumed) = world.post(&format!("/api/v1/runners/{id}/resume"), &json!({})).await;
    assert_eq!((status, &resumed["drained"]), (StatusCode::OK, &Value::Null));
    let second = runner.take().await;
    assert_ne!(second.job, claim.job);
    let (status, unknown) = world.post("/api/v1/runners/quay/drain", &json!({})).await;
    assert_eq!((status, &unknown["error"]), (StatusCode::NOT_FOUND, &json!("there is no runner `quay`")));
}

#[tokio::test]
async fn a_paused_queue_gives_nothing_to_anybody_until_it_is_resumed() {
    let world = World::start().await;
    let lights = world.repository("harbour/lights").await;
    let runner = world.runner().await;
    press(&world, "/queue/pause").await;
    build_of(&world, &lights, push("main", "one")).await;
    assert!(tokio::time::timeout(Duration::from_millis(300), runner.take()).await.is_err());
    assert_eq!(why(&world).await, json!("the queue is paused by admin"));
    let page = world.text("/queue").await;
    assert!(page.contains("Paused by admin") && page.contains("action=\"/queue/resume\""), "{page}");
    let (status, paused) = world.post("/api/v1/queue/pause", &json!({})).await;
    assert_eq!((status, &paused["paused"]["by"]), (StatusCode::OK, &json!("admin")));
    let (taken, ()) = tokio::join!(runner.take(), async {
        assert_eq!(world.post("/api/v1/queue/resume", &json!({})).await.1, json!({"paused": null}));
    });
    let page = world.text("/queue").await;
    assert!(page.contains("1 of 4 slots") && page.contains("te/st") && page.contains("Nothing waits."), "{page}");
    runner.started(taken, 0).await;
    assert!(world.text("/queue").await.contains("s-running"));
}
