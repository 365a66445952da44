//! Stopping a build: by a person, by the clock, against its will.

use std::time::{Duration, Instant};

use super::containers::waiting;
use crate::harness::{
    build::Build,
    docker::objects,
    git::Repo,
    server::{Kind, Server, Setup},
    wait::{PATIENCE, until},
};

/// Pushes a pipeline and waits until its step `wait` has printed `ready`.
async fn ready(server: &Server, repository: &str, yaml: &str) -> Build {
    let repo = Repo::with_pipeline(yaml).await;
    let mut push = repo.push_live(&server.remote(repository), "main");
    super::containers::terminal_shows(&mut push, "ready").await;
    server.api.build(repository, 1).await
}

#[tokio::test]
async fn a_cancelled_build_stops_gently_and_starts_nothing_more() {
    let server = Setup::new(Kind::Docker).start().await;
    let yaml = waiting("trap 'echo tidied up; exit 0' TERM; echo ready", "echo last")
        + "  - name: next
    image: slipway/busybox
    commands: [echo next]
";
    ready(&server, "me/stopped", &yaml).await;
    let asked = Instant::now();
    assert!(server.api.ask("me/stopped", 1, "cancel").await.status().is_success());
    let build = server.api.wait_end("me/stopped", 1).await;
    assert!(asked.elapsed() < Duration::from_secs(9), "a gentle stop needs no grace: {:?}", asked.elapsed());
    build.assert_ended("cancelled", "cancelled");
    assert_eq!(build.step("wait").status, "cancelled", "{build:?}");
    assert_eq!(build.step("next").started_at, None, "{build:?}");
    let log = server.api.log("me/stopped", &build, "wait").await;
    assert!(log.contains("tidied up"), "what it prints while it stops is kept:\n{log}");
    assert!(!log.contains("last"), "{log}");

    // Cancelling what has ended changes nothing.
    let late = server.api.ask("me/stopped", 1, "cancel").await.status().as_u16();
    assert!((200..500).contains(&late), "{late}");
    server.api.build("me/stopped", 1).await.assert_ended("cancelled", "cancelled");
    server.finish().await;
}

#[tokio::test]
async fn a_step_that_ignores_sigterm_is_killed_after_ten_seconds() {
    let server = Setup::new(Kind::Docker).start().await;
    ready(&server, "me/stubborn", &waiting("trap '' TERM; echo ready", "echo last")).await;
    let asked = Instant::now();
    assert!(server.api.ask("me/stubborn", 1, "cancel").await.status().is_success());
    let build = server.api.wait_end("me/stubborn", 1).await;
    let took = asked.elapsed();
    assert!((Duration::from_secs(9)..Duration::from_secs(20)).contains(&took), "it took {took:?}");
    build.assert_ended("cancelled", "cancelled");
    assert_eq!(build.step("wait").status, "cancelled", "{build:?}");
    let labels = [format!("slipway.instance={}", server.instance), "slipway.step=1".to_owned()];
    until("the container to be gone", PATIENCE, async || {
        let left = objects(server.docker(), &labels).await.map_err(|error| error.to_string())?;
        if left.containers.is_empty() { Ok(()) } else { Err(format!("{left:?}")) }
    })
    .await;
    server.finish().await;
}

#[tokio::test]
async fn a_job_that_runs_too_long_ends_as_timeout() {
    let server = Setup::new(Kind::Docker).start().await;
    let yaml = format!("timeout: 2s\n{}", waiting("echo ready", "echo last"));
    let build = ready(&server, "me/slow", &yaml).await;
    assert_eq!(build.status, "running");
    let build = server.api.wait_end("me/slow", 1).await;
    build.assert_ended("failure", "timeout");
    assert_eq!(build.step("wait").reason.as_deref(), Some("timeout"), "{build:?}");
    server.finish().await;
}

#[tokio::test]
async fn an_image_that_does_not_exist_is_our_error_and_says_which() {
    let server = Setup::new(Kind::Docker).start().await;
    let repo = Repo::with_pipeline(
        "steps:
  - name: pull
    image: slipway.invalid/no/such-image:1
    commands: [echo never]
  - name: next
    image: slipway/busybox
    commands: [echo next]
",
    )
    .await;
    let pushed = repo.push_main(&server.remote("me/noimage")).await;
    let build = server.api.build("me/noimage", 1).await;
    build.assert_ended("error", "image_pull");
    build.assert_step("pull", "error", "image_pull", None);
    build.assert_step("next", "skipped", "needs", None);
    assert!(pushed.terminal.contains("slipway.invalid/no/such-image:1"), "{}", pushed.terminal);
    server.finish().await;
}
