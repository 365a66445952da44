//! Search across builds: rows and logs, live and archived.

use reqwest::StatusCode;
use serde_json::{Value, json};
use slipway_pipelines::state::Finish;

use crate::{
    home::{build_of, push},
    setup::World,
};

/// A build whose one step wrote this.
async fn logged(world: &World, repository: &str, message: &str, log: &str) {
    let app = world.server.app();
    let repository = app.store.repository(&repository.parse().unwrap()).await.unwrap().unwrap();
    build_of(world, &repository, push("main", message)).await;
    let runner = world.runner().await;
    let claim = runner.take().await;
    runner.started(claim, 0).await;
    runner.log(claim, 0, 0, log.as_bytes()).await;
    runner.ended(claim, 0, Finish::exit(0), log.len() as u64).await;
    runner.finished(claim, Finish::exit(0)).await;
}

fn places(found: &Value) -> Vec<(String, u64, u64)> {
    let hits = found["logs"]["hits"].as_array().unwrap();
    let lines = |hit: &Value| -> Vec<(String, u64, u64)> {
        let place = (hit["repository"].as_str().unwrap().to_owned(), hit["number"].as_u64().unwrap());
        let lines = hit["lines"].as_array().unwrap();
        lines.iter().map(|line| (place.0.clone(), place.1, line["line"].as_u64().unwrap())).collect()
    };
    hits.iter().flat_map(lines).collect()
}

#[tokio::test]
async fn text_is_found_in_logs_of_all_builds_newest_first() {
    let world = World::start().await;
    world.repository("harbour/lights").await;
    world.repository("harbour/fog").await;
    logged(&world, "harbour/lights", "one", "a\nthe tide is out\nb\n").await;
    logged(&world, "harbour/fog", "two", "\x1b[31mthe tide is \x1b[1mOUT\x1b[0m <i>again</i>").await;
    logged(&world, "harbour/lights", "three", "nothing here").await;

    let found = world.json("/api/v1/search?q=tide+is+out").await;
    let want = [("harbour/fog".to_owned(), 1, 1), ("harbour/lights".to_owned(), 1, 2)];
    assert_eq!(places(&found), want, "{found}");
    assert_eq!((&found["logs"]["next"], &found["logs"]["searched"]["logs"]), (&Value::Null, &json!(3)));
    let url = found["logs"]["hits"][1]["lines"][0]["url"].as_str().unwrap();
    assert!(url.ends_with("/repos/harbour/lights/builds/1/jobs/0/steps/0?line=2#L2"), "{url}");
    let one = world.json("/api/v1/search?q=tide&repo=harbour/lights&in=logs").await;
    assert_eq!(places(&one), want[1..], "{one}");
    let regex = world.json("/api/v1/search?q=%5Ethe.*OUT&regex=1&in=logs").await;
    assert_eq!(places(&regex), want, "{regex}");
    assert_eq!(places(&world.json("/api/v1/search?q=Tide").await), [], "a capital letter makes case count");

    let page = world.text("/search?q=tide").await;
    assert!(page.contains("the <mark>tide</mark> is OUT &#60;i&#62;again"), "{page}");
    assert!(page.contains("steps/0?line=2#L2\""), "{page}");
    for (query, says) in
        [("q=%28&regex=1", "unclosed group"), ("q=x&in=moon", "`moon`"), ("q=x&repo=no/such", "no/such")]
    {
        assert!(world.get(&format!("/api/v1/search?{query}")).await.status().is_client_error(), "{query}");
        let page = world.get(&format!("/search?{query}")).await.text().await.unwrap();
        assert!(page.contains("role=\"alert\"") && page.contains(says), "{page}");
    }
    assert_eq!(world.get("/api/v1/search?q=").await.status(), StatusCode::BAD_REQUEST);
    assert!(world.text("/search").await.contains("newest build first"));
}

#[tokio::test]
async fn commits_are_found_by_name_message_author_and_branch() {
    let world = World::start().await;
    let lights = world.repository("harbour/lights").await;
    for (number, (branch, message, author)) in
        [("main", "Fix \"the\" lamp", "Ada"), ("fog-horn", "second", "Bo Ek"), ("main", "third", "Ada")]
            .iter()
            .enumerate()
    {
        let mut trigger = push(branch, message);
        trigger.author.name = (*author).to_owned();
        trigger.sha = format!("{number}{}", &trigger.sha[1..]);
        build_of(&world, &lights, trigger).await;
    }
    for (query, wanted) in [
        ("1f2a9c8", vec![2]),
        ("%22the%22+lamp", vec![1]),
        ("bo+ek", vec![2]),
        ("fog-", vec![2]),
        ("ada", vec![3, 1]),
        ("refs/heads", vec![]),
    ] {
        let found = world.json(&format!("/api/v1/search?in=builds&q={query}")).await;
        let numbers: Vec<u64> =
            found["builds"]["hits"].as_array().unwrap().iter().map(|hit| hit["number"].as_u64().unwrap()).collect();
        assert_eq!(numbers, wanted, "{query}: {found}");
    }
    assert!(world.text("/search?q=lamp&in=builds").await.contains("<mark>lamp</mark>"));
}
