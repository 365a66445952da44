//! Services that are waited for.

use crate::harness::{
    git::Repo,
    server::{Kind, Setup},
};

/// A service that is up at once and answers late; a step that does not ask twice.
fn late(ready: &str) -> String {
    format!(
        "services:
  - name: slow
    image: slipway/busybox
    commands:
      - sleep 1.5
      - touch /tmp/up
      - mkdir -p /www && echo hello > /www/index.html
      - httpd -f -p 8080 -h /www
    ready: {ready}
steps:
  - name: ask
    image: slipway/busybox
    commands: [wget -qO- http://slow:8080/]
"
    )
}

#[tokio::test]
async fn a_step_starts_when_its_service_is_ready() {
    let server = Setup::new(Kind::Docker).start().await;
    for (name, ready) in [
        ("port", "{port: 8080, timeout: 30s}"),
        ("command", "{command: 'wget -qO- http://127.0.0.1:8080/', timeout: 30s}"),
    ] {
        let repository = format!("ready/{name}");
        let repo = Repo::with_pipeline(&late(ready)).await;
        let pushed = repo.push_main(&server.remote(&repository)).await;
        let build = server.api.wait_end(&repository, 1).await;
        assert_eq!(build.status, "success", "{name}: {build:?}\n{}", pushed.terminal);
        assert!(server.api.log(&repository, &build, "ask").await.contains("hello"));
        build.assert_step("slow", "success", "stopped", None);
    }
    server.finish().await;
}

#[tokio::test]
async fn a_service_that_never_is_ready_is_named_with_its_log() {
    let server = Setup::new(Kind::Docker).start().await;
    let repo = Repo::with_pipeline(
        "services:
  - name: db
    image: slipway/busybox
    commands: [echo cannot open the database, sleep 60]
    ready: {port: 5432, timeout: 2s}
steps:
  - {name: ask, image: slipway/busybox, commands: [echo never]}
",
    )
    .await;
    let pushed = repo.push_main(&server.remote("me/unready")).await;
    let build = server.api.wait_end("me/unready", 1).await;
    build.assert_ended("failure", "not_ready");
    assert_eq!(build.step("db").reason.as_deref(), Some("not_ready"), "{build:?}");
    build.assert_step("ask", "skipped", "needs", None);
    assert!(
        pushed.terminal.contains("db") && pushed.terminal.contains("cannot open the database"),
        "{}",
        pushed.terminal
    );

    // One that has ended will never be.
    repo.write(
        ".slipway.yml",
        "services: {db: {image: slipway/busybox, commands: [echo no disk, exit 9], ready: 5432}}
steps: {ask: {image: slipway/busybox, commands: [echo never]}}
",
    );
    repo.commit("End early").await;
    let pushed = repo.push_main(&server.remote("me/unready")).await;
    let build = server.api.wait_end("me/unready", 2).await;
    build.assert_ended("failure", "not_ready");
    assert!(pushed.terminal.contains("no disk"), "{}", pushed.terminal);
    server.finish().await;
}
