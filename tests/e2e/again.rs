//! What runs again, and what waits or gives way: `retry`, `concurrency`.

use super::containers::{let_go, waiting, waiting_container};
use crate::harness::{
    git::Repo,
    server::{Kind, Setup},
    wait::PATIENCE,
};

#[tokio::test]
async fn a_flaky_step_is_tried_until_it_works_and_its_log_goes_on() {
    let server = Setup::new(Kind::Docker).start().await;
    let repo = Repo::with_pipeline(
        "steps:
  - name: flaky
    image: slipway/busybox
    retry: {max: 2, on: ['exit:75']}
    commands:
      - echo try >> tries
      - echo this is try $(wc -l < tries)
      - '[ $(wc -l < tries) = 3 ] || exit 75'
  - name: after
    image: slipway/busybox
    commands: ['test $(wc -l < tries) = 3']
",
    )
    .await;
    repo.push_main(&server.remote("me/flaky")).await;
    let build = server.api.wait_end("me/flaky", 1).await;
    build.assert_ended("success", "ok");
    build.assert_step("flaky", "success", "ok", Some(0));
    assert_eq!(build.jobs[0].attempt, 1, "{build:?}");
    let log = server.api.log("me/flaky", &build, "flaky").await;
    let tries: Vec<&str> = log.lines().filter(|line| line.starts_with("this is try")).collect();
    assert_eq!(tries, ["this is try 1", "this is try 2", "this is try 3"], "{log}");
    assert!(log.contains("retry 1 of 2") && log.contains("retry 2 of 2") && log.contains("exit code 75"), "{log}");
    server.finish().await;
}

#[tokio::test]
async fn another_exit_code_is_not_tried_again_and_tries_come_to_an_end() {
    let server = Setup::new(Kind::Docker).start().await;
    let repo = Repo::with_pipeline(
        "steps:
  - {name: other, image: slipway/busybox, depends_on: [], retry: {max: 3, on: ['exit:75']}, commands: [echo once, exit 3]}
  - {name: never, image: slipway/busybox, depends_on: [], retry: 1, commands: [echo again, exit 4]}
",
    )
    .await;
    repo.push_main(&server.remote("me/never")).await;
    let build = server.api.wait_end("me/never", 1).await;
    build.assert_ended("failure", "exit_code");
    build.assert_step("other", "failure", "exit_code", Some(3));
    build.assert_step("never", "failure", "exit_code", Some(4));
    let count = |log: String, line: &str| log.lines().filter(|other| *other == line).count();
    assert_eq!(count(server.api.log("me/never", &build, "other").await, "once"), 1);
    assert_eq!(count(server.api.log("me/never", &build, "never").await, "again"), 2);
    server.finish().await;
}

#[tokio::test]
async fn a_workflow_gets_its_next_attempt_by_itself() {
    let server = Setup::new(Kind::Docker).start().await;
    let repo = Repo::with(&[
        (
            ".slipway/flaky.yml",
            "retry: {max: 1, on: [failure]}
steps:
  - {name: first, image: slipway/busybox, commands: ['[ -e /slipway/never ]']}
",
        ),
        (
            ".slipway/after.yml",
            "depends_on: flaky\nif: failure\nsteps: {after: {image: slipway/busybox, commands: [echo after]}}\n",
        ),
    ])
    .await;
    repo.push_main(&server.remote("me/attempts")).await;
    let build = server.api.wait_end("me/attempts", 1).await;
    build.assert_ended("failure", "exit_code");
    let job = |name: &str| build.jobs.iter().find(|job| job.name == name).unwrap();
    assert_eq!((job("flaky").attempt, job("flaky").status.as_str()), (2, "failure"), "{build:?}");
    // What depends on it has waited for the last attempt, and ran once.
    assert_eq!((job("after").attempt, job("after").status.as_str()), (1, "success"), "{build:?}");
    server.finish().await;
}

#[tokio::test]
async fn a_newer_build_takes_the_place_of_an_older_one() {
    let server = Setup::new(Kind::Docker).start().await;
    let pipeline = format!("concurrency: {{limit: 1, cancel: superseded}}\n{}", waiting("echo here", "true"));
    let repo = Repo::with_pipeline(&pipeline).await;
    let mut first = repo.push_live(&server.remote("me/newer"), "main");
    waiting_container(server.docker(), &server.instance).await;
    server.api.wait("me/newer", 1, "running", |build| build.status == "running").await;
    repo.commit("Second").await;
    let mut second = repo.push_live(&server.remote("me/newer"), "main");
    let old = server.api.wait_end("me/newer", 1).await;
    old.assert_ended("cancelled", "superseded");
    assert!(first.ended(PATIENCE).await.success());
    server.api.wait("me/newer", 2, "running", |build| build.status == "running").await;
    let_go(&server, "wait").await;
    server.api.wait_end("me/newer", 2).await.assert_ended("success", "ok");
    assert!(second.ended(PATIENCE).await.success());
    server.finish().await;
}

#[tokio::test]
async fn what_is_over_the_limit_waits_its_turn() {
    let server = Setup::new(Kind::Docker).start().await;
    let repo = Repo::with_pipeline(&format!("concurrency: 1\n{}", waiting("echo here", "true"))).await;
    let mut first = repo.push_live(&server.remote("me/turn"), "main");
    waiting_container(server.docker(), &server.instance).await;
    repo.commit("Second").await;
    let mut second = repo.push_live(&server.remote("me/turn"), "main");
    server.api.wait("me/turn", 2, "there", |build| build.status == "pending").await;
    let queue = server.api.json("/api/v1/queue").await.to_string();
    assert!(queue.contains("waits for its turn"), "{queue}");
    let_go(&server, "wait").await;
    server.api.wait_end("me/turn", 1).await.assert_ended("success", "ok");
    assert!(first.ended(PATIENCE).await.success());
    server.api.wait("me/turn", 2, "running", |build| build.status == "running").await;
    let_go(&server, "wait").await;
    server.api.wait_end("me/turn", 2).await.assert_ended("success", "ok");
    assert!(second.ended(PATIENCE).await.success());
    server.finish().await;
}
