//! The first page and what it shows, as JSON.

use reqwest::StatusCode;
use serde_json::json;
use slipway_pipelines::{
    state::Finish,
    trigger::{Cause, Trigger},
};
use slipway_server::store::model::{BuildContent, BuildRef, NewBuild, Repository};

use crate::setup::{World, job, trigger};

/// A build of a branch with one job.
pub(crate) async fn build_of(world: &World, repository: &Repository, trigger: Trigger) -> BuildRef {
    let compilation = slipway_pipelines::compile::Compilation { jobs: vec![job(&["a"])], ..Default::default() };
    let content =
        BuildContent { compilation, diagnostics_text: String::new(), fault: slipway_pipelines::state::Reason::Config };
    let new = NewBuild { repository: repository.id, trigger, parent: None, delivery: None };
    world.server.app().store.create_build(new, move |_| content).await.unwrap()
}

/// A push to a branch.
pub(crate) fn push(branch: &str, message: &str) -> Trigger {
    Trigger {
        cause: Cause::Push { branch: branch.to_owned(), before: None },
        reference: format!("refs/heads/{branch}"),
        ..trigger(message)
    }
}

#[tokio::test]
async fn the_first_page_says_what_runs_what_waits_and_why() {
    let world = World::start().await;
    let repository = world.repository("harbour/lights").await;
    build_of(&world, &repository, push("main", "one")).await;
    let page = world.text("/").await;
    assert!(page.contains("no runner is there") && page.contains("Nothing runs."), "{page}");
    let json = world.json("/api/v1/home").await;
    assert_eq!(
        (&json["open"], &json["builds"][0]["stands"], &json["builds"][0]["repository"]),
        (&json!(1), &json!("no runner is there"), &json!("harbour/lights")),
        "{json}"
    );
    let runner = world.runner().await;
    let claim = runner.take().await;
    runner.started(claim, 0).await;
    let page = world.text("/").await;
    assert!(page.contains("te/st on quay") && page.contains("Nothing waits."), "{page}");
    runner.ended(claim, 0, Finish::exit(0), 0).await;
    runner.finished(claim, Finish::exit(0)).await;
    let page = world.text("/").await;
    assert!(page.contains("Nothing runs.") && page.contains("Nothing waits."), "{page}");
    assert_eq!(world.json("/api/v1/home").await["open"], json!(0));
}

#[tokio::test]
async fn repositories_come_with_the_last_build_of_each_branch_and_can_be_filtered() {
    let world = World::start().await;
    let lights = world.repository("harbour/lights").await;
    world.repository("harbour/a_b").await;
    world.repository("harbour/axb").await;
    for (branch, message) in [("main", "first"), ("fog", "second"), ("main", "third"), ("fog", "fourth")] {
        build_of(&world, &lights, push(branch, message)).await;
    }
    let mut pull = trigger("a pull request");
    pull.cause = Cause::PullRequest {
        action: slipway_pipelines::trigger::PullRequestAction::Updated,
        number: 7,
        title: "x".to_owned(),
        source_branch: "mine".to_owned(),
        target_branch: "main".to_owned(),
        labels: Vec::new(),
        milestone: String::new(),
        draft: false,
        from_fork: false,
    };
    build_of(&world, &lights, pull).await;
    let json = world.json("/api/v1/home").await;
    let first = &json["repositories"][0];
    assert_eq!((&json["matching"], &first["name"], &first["last"]["number"]), (&json!(3), &json!("lights"), &json!(5)));
    let heads: Vec<(&str, u64)> = first["branches"]
        .as_array()
        .unwrap()
        .iter()
        .map(|head| (head["branch"].as_str().unwrap(), head["number"].as_u64().unwrap()))
        .collect();
    assert_eq!(heads, [("fog", 4), ("main", 3)], "a pull request to main is not main");
    assert_eq!(first["history"].as_array().unwrap().len(), 5);
    let page = world.text("/").await;
    assert!(page.contains("!7 mine") && page.contains("builds/4\" class=\"head-mark\""), "{page}");

    for (filter, found) in [("LIGHT", 1), ("harbour/", 3), ("a_b", 1), ("%25", 0), ("r/a", 2)] {
        assert_eq!(world.json(&format!("/api/v1/home?q={filter}")).await["matching"], json!(found), "{filter}");
    }
    let page = world.text("/?q=%3Cb%3E").await;
    assert!(
        page.contains("No repository has “&#60;b&#62;” in its name") && page.contains("value=\"&#60;b&#62;\""),
        "{page}"
    );
    assert_eq!(world.json("/api/v1/home?limit=1").await["repositories"].as_array().map(Vec::len), Some(1));
    assert_eq!(world.get("/api/v1/home?limit=0").await.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_stream_of_all_builds_tells_of_each_change() {
    let world = World::start().await;
    let lights = world.repository("harbour/lights").await;
    let mut stream = world.get("/api/v1/stream").await;
    let mut event = async || {
        let bytes = tokio::time::timeout(std::time::Duration::from_secs(10), stream.chunk()).await.unwrap();
        String::from_utf8(bytes.unwrap().unwrap().to_vec()).unwrap()
    };
    assert_eq!(event().await, "data: {}\n\n", "the first comes at once");
    build_of(&world, &lights, push("main", "x")).await;
    assert_eq!(event().await, "data: {}\n\n");
}
