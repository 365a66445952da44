//! `kill -9` in the middle of a job: nothing is lost, nothing runs twice.

use super::containers::{COUNTING, assert_whole_count, engine_log, release, waiting_container};
use crate::harness::{
    docker,
    git::Repo,
    runner::Runner,
    server::{Kind, Server, Setup},
    wait::{PATIENCE, until},
};

/// Starts a build of [`COUNTING`] and waits until some of its log is stored. The push is gone by then.
async fn start_counting(server: &Server, repository: &str) {
    let repo = Repo::with_pipeline(COUNTING).await;
    let mut push = repo.push_live(&server.remote(repository), "main");
    super::containers::terminal_shows(&mut push, "line 20").await;
    push.signal("INT").await;
    push.ended(PATIENCE).await;
}

/// Waits until the container has printed some lines more than it has now.
async fn goes_on(container: &str) {
    let before = engine_log(container).await.len();
    until("the container to go on by itself", PATIENCE, async || {
        let now = engine_log(container).await.len();
        if now > before + 200 { Ok(()) } else { Err(format!("{now} bytes")) }
    })
    .await;
}

async fn assert_whole(server: &Server, repository: &str) {
    let build = server.api.wait_end(repository, 1).await;
    build.assert_ended("success", "ok");
    assert_eq!(build.jobs[0].attempt, 1, "{build:?}");
    assert_whole_count(&server.api.log(repository, &build, "wait").await);
    let commands = server.api.commands(repository, &build, "wait").await;
    let told: Vec<_> =
        commands.iter().map(|command| (command["number"].as_u64(), command["exit_code"].as_i64())).collect();
    let wanted: Vec<_> = (0..told.len() as u64).map(|number| (Some(number), Some(0))).collect();
    assert!(!told.is_empty() && told == wanted, "each command once: {commands:?}");
}

#[tokio::test]
async fn a_runner_killed_and_restarted_takes_its_container_over() {
    let engine = docker::engine().await;
    let server = Setup::new(Kind::ServerOnly).start().await;
    let mut runner = Runner::start(&server, "mortal", 1).await;
    start_counting(&server, "me/killed").await;
    let container = waiting_container(&engine, &runner.instance).await;

    runner.kill().await;
    goes_on(&container).await;
    runner.start_again();
    // The log grows again: it has the lines that were printed while nobody listened.
    let printed = engine_log(&container).await;
    let build = server.api.build("me/killed", 1).await;
    until("the lost time's lines to be stored", PATIENCE, async || {
        let log = server.api.log("me/killed", &build, "wait").await;
        if log.len() > printed.len() { Ok(()) } else { Err(format!("{} of {}", log.len(), printed.len())) }
    })
    .await;
    assert_eq!(waiting_container(&engine, &runner.instance).await, container, "the same container");
    release(&container).await;
    assert_whole(&server, "me/killed").await;

    // It is a runner as before.
    let repo = Repo::with_pipeline("steps: [{name: a, image: slipway/busybox, commands: [echo a]}]").await;
    repo.push_main(&server.remote("me/next")).await;
    server.api.build("me/next", 1).await.assert_ended("success", "ok");
    runner.finish().await;
    server.finish().await;
}

#[tokio::test]
async fn a_step_that_ended_while_its_runner_was_dead_has_its_exit_code() {
    let engine = docker::engine().await;
    let server = Setup::new(Kind::ServerOnly).start().await;
    let mut runner = Runner::start(&server, "absent", 1).await;
    start_counting(&server, "me/absent").await;
    let container = waiting_container(&engine, &runner.instance).await;
    runner.kill().await;
    release(&container).await;
    until("the container to end", PATIENCE, async || {
        let log = engine_log(&container).await;
        if log.contains("end after") { Ok(()) } else { Err(log) }
    })
    .await;
    runner.start_again();
    assert_whole(&server, "me/absent").await;
    runner.finish().await;
    server.finish().await;
}

#[tokio::test]
async fn a_server_killed_and_restarted_loses_no_byte_of_a_log() {
    let engine = docker::engine().await;
    let mut server = Setup::new(Kind::ServerOnly).start().await;
    let runner = Runner::start(&server, "patient", 1).await;
    start_counting(&server, "me/cut").await;
    let container = waiting_container(&engine, &runner.instance).await;
    let build = server.api.build("me/cut", 1).await;
    let before = server.api.log("me/cut", &build, "wait").await;

    server.kill().await;
    goes_on(&container).await;
    server.start_again().await;
    let after = server.api.log("me/cut", &build, "wait").await;
    assert!(after.starts_with(&before), "what was readable before the kill is gone");
    release(&container).await;
    assert_whole(&server, "me/cut").await;
    runner.finish().await;
    server.finish().await;
}

#[tokio::test]
async fn slipway_up_killed_and_restarted_goes_on() {
    let mut server = Setup::new(Kind::Docker).start().await;
    start_counting(&server, "me/both").await;
    let container = waiting_container(server.docker(), &server.instance).await;
    for _ in 0..2 {
        server.kill().await;
        goes_on(&container).await;
        server.start_again().await;
    }
    release(&container).await;
    assert_whole(&server, "me/both").await;
    server.finish().await;
}

#[tokio::test]
async fn what_is_ours_and_left_over_is_removed_and_nothing_else() {
    let mut server = Setup::new(Kind::Docker).start().await;
    let other = format!("{}-other", server.instance);
    let make = |label: &str| {
        format!("docker create --name slipway-leftover-{label} --label slipway.instance={label} slipway/busybox true")
    };
    let root = std::path::Path::new("/");
    server.kill().await;
    let (_, ours) = crate::harness::git::shell(root, &make(&server.instance), &[]).await;
    let (_, theirs) = crate::harness::git::shell(root, &make(&other), &[]).await;
    server.start_again().await;
    let labels = |instance: &str| [format!("slipway.instance={instance}")];
    until("the leftover to be removed", PATIENCE, async || {
        let (status, said) = crate::harness::git::shell(root, &format!("docker inspect {}", ours.trim()), &[]).await;
        if status.success() { Err(said) } else { Ok(()) }
    })
    .await;
    let kept = docker::objects(server.docker(), &labels(&other)).await.unwrap();
    assert_eq!(kept.containers.len(), 1, "another instance's container is not ours to remove");
    crate::harness::git::shell(root, &format!("docker rm -f {}", theirs.trim()), &[]).await;
    server.finish().await;
}
