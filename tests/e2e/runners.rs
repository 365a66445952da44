//! Several runners on one server, each a process of its own.

use std::collections::BTreeSet;

use serde_json::json;

use crate::harness::{
    git::Repo,
    runner::Runner,
    server::{Kind, Setup},
    wait::{PATIENCE, until},
};

#[tokio::test]
async fn two_runners_share_ten_builds() {
    let server = Setup::new(Kind::ServerOnly).start().await;
    let repo = Repo::with_pipeline(
        "steps:
  - name: a
    image: slipway/busybox
    commands: [cat .slipway.yml > copy, sleep 0.3]
  - name: b
    image: slipway/busybox
    commands: [cmp copy .slipway.yml, echo whole]
",
    )
    .await;
    let mut push = repo.push_live(&server.remote("me/ten"), "main");
    server.api.wait("me/ten", 1, "to be queued", |build| build.status == "pending").await;
    push.signal("INT").await;
    push.ended(PATIENCE).await;
    for _ in 2..=10 {
        let made = server.api.post("/api/v1/repos/me/ten/builds", &json!({"branch": "main"})).await;
        assert!(made.status().is_success(), "{}", made.text().await.unwrap());
    }

    let one = Runner::start(&server, "one", 1).await;
    let two = Runner::start(&server, "two", 1).await;
    let mut names = BTreeSet::new();
    for number in 1..=10 {
        let build = server.api.wait_end("me/ten", number).await;
        build.assert_ended("success", "ok");
        assert_eq!(build.event, if number == 1 { "push" } else { "manual" });
        assert!(server.api.log("me/ten", &build, "b").await.ends_with("whole\n"));
        names.insert(build.jobs[0].runner.clone().expect("a runner"));
    }
    assert_eq!(names, BTreeSet::from([one.name.clone(), two.name.clone()]), "both had work");
    let runners = server.api.text("/api/v1/runners").await;
    assert!(runners.contains("one") && runners.contains("two"), "{runners}");
    one.finish().await;
    two.finish().await;
    server.finish().await;
}

#[tokio::test]
async fn a_job_goes_to_a_runner_with_its_labels() {
    let server = Setup::new(Kind::Dummy).env("SLIPWAY_LABELS", "place=dock").start().await;
    let pipeline =
        |place: &str| format!("labels: {{place: {place}}}\nsteps: [{{name: a, image: dummy, commands: [echo]}}]");
    let repo = Repo::with_pipeline(&pipeline("dock")).await;
    repo.push_main(&server.remote("me/here")).await;
    server.api.build("me/here", 1).await.assert_ended("success", "ok");

    let repo = Repo::with_pipeline(&pipeline("sea")).await;
    let push = repo.push_live(&server.remote("me/there"), "main");
    server.api.wait("me/there", 1, "to wait", |build| build.status == "pending").await;
    until("the queue to show it", PATIENCE, async || {
        let queue = server.api.text("/api/v1/queue").await;
        if queue.contains("me/there") { Ok(()) } else { Err(queue) }
    })
    .await;
    assert!(server.api.ask("me/there", 1, "cancel").await.status().is_success());
    server.api.wait_end("me/there", 1).await.assert_ended("cancelled", "cancelled");
    drop(push);
    server.finish().await;
}
