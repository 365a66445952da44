//! A job that failed goes on from the step that did, in its workspace as it was left.

use serde_json::json;

use super::{
    browser::{presses, shows},
    containers::{let_go, release},
};
use crate::harness::{
    chromium::Browser,
    docker::container_of_step,
    git::Repo,
    server::{Kind, Server, Setup},
    wait::{PATIENCE, until},
};

/// The first step waits for our word. The second fails the first time, and waits for our word the second time.
const PIPELINE: &str = "steps:
  - name: wait
    image: slipway/busybox
    outputs: [VERSION]
    commands:
      - echo built >> built
      - until [ -e /go ]; do sleep 0.1; done
      - echo VERSION=7 >> $SLIPWAY_OUTPUT
  - name: test
    image: slipway/busybox
    commands:
      - '[ -e tried ] || { touch tried; exit 3; }'
      - until [ -e /go ]; do sleep 0.1; done
      - echo version $VERSION, built $(wc -l < built) time
  - name: deploy
    image: slipway/busybox
    commands: [test -e built, echo deployed $VERSION]
";

/// Lets the second step go on.
async fn let_test_go(server: &Server) {
    let container = until("the second step's container", PATIENCE, async || {
        container_of_step(server.docker(), &server.instance, 2).await
    })
    .await;
    release(&container).await;
}

#[tokio::test]
async fn the_page_goes_on_from_the_failed_step_and_a_killed_runner_does_not_matter() {
    let mut server = Setup::new(Kind::Docker).start().await;
    let repo = Repo::with_pipeline(PIPELINE).await;
    let push = repo.push_live(&server.remote("harbour/again"), "main");
    server.api.wait("harbour/again", 1, "the first step", |build| build.step("wait").status == "running").await;
    let browser = Browser::start().await;
    browser.page.goto(&format!("{}?to=/repos/harbour/again/builds/1", server.login)).await.unwrap();
    browser.page.execute("window.neverReloaded = true", vec![]).await.unwrap();
    let_go(&server, "wait").await;
    shows(&browser, "#head", "failure").await;
    shows(&browser, "#head", "Retry from failed step").await;
    assert_eq!(browser.page.execute("return window.neverReloaded", vec![]).await.unwrap(), json!(true));
    browser.screenshot("goes-on-failed").await;

    presses(&browser, "form[action$='/retry?from=failed'] button").await;
    server.api.wait("harbour/again", 1, "the second attempt", |build| build.step("test").status == "running").await;
    shows(&browser, "#steps", "earlier").await;
    browser.screenshot("goes-on-running").await;
    server.kill().await;
    server.start_again().await;
    let_test_go(&server).await;
    let build = server.api.wait_end("harbour/again", 1).await;
    build.assert_ended("success", "ok");
    assert_eq!((build.jobs.len(), build.jobs[0].attempt), (1, 2));
    let log = async |step: &str| server.api.log("harbour/again", &build, step).await;
    assert!(log("test").await.ends_with("\nversion 7, built 1 time\n"), "{}", log("test").await);
    assert!(log("deploy").await.ends_with("\ndeployed 7\n"), "{}", log("deploy").await);
    assert!(log("wait").await.starts_with("+ echo built >> built\n"), "{}", log("wait").await);
    shows(&browser, "#head", "success").await;
    presses(&browser, "#steps a[data-step='0/1']").await;
    shows(&browser, "#log", "echo built").await;
    browser.screenshot("goes-on-log").await;
    drop(push);
    browser.close().await;
    server.finish().await;
}

#[tokio::test]
async fn a_workspace_that_went_with_its_runner_is_said_and_the_whole_job_can_run() {
    let mut server = Setup::new(Kind::Docker).start().await;
    let repo = Repo::with_pipeline(&PIPELINE.replace("until [ -e /go ]; do sleep 0.1; done", "'true'")).await;
    repo.push_main(&server.remote("me/gone")).await;
    server.api.wait_end("me/gone", 1).await.assert_ended("failure", "exit_code");
    server.kill().await;
    server.start_again().await;
    let path = "/api/v1/repos/me/gone/builds/1/retry";
    let answer = server.api.post(path, &json!({"from": "failed"})).await;
    let (status, said) = (answer.status(), answer.text().await.unwrap());
    assert!(
        status == 409 && said.contains("is not kept any more") && said.contains("retry the whole job"),
        "{status} {said}"
    );
    assert!(server.api.post(path, &json!({})).await.status().is_success());
    server
        .api
        .wait("me/gone", 1, "the end of the second attempt", |build| {
            build.jobs[0].attempt == 2 && build.status == "failure"
        })
        .await;
    server.finish().await;
}
