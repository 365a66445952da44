//! What a step takes of the machine, while it runs and afterwards.

use super::{browser::shows, containers::let_go};
use crate::harness::{
    chromium::Browser,
    git::Repo,
    server::{Kind, Setup},
    wait::{PATIENCE, until},
};

/// Busy with waiting for the test's word.
const BUSY: &str = "steps:
  - name: wait
    image: slipway/busybox
    commands:
      - echo busy
      - until [ -e /go ]; do :; done
";

#[tokio::test]
async fn the_log_shows_what_the_step_takes_of_processors_and_memory() {
    let mut server = Setup::new(Kind::Docker).start().await;
    let repo = Repo::with_pipeline(BUSY).await;
    let mut push = repo.push_live(&server.remote("harbour/busy"), "main");
    let browser = Browser::start().await;
    browser.log_in(&server.login).await;
    let path = "/api/v1/repos/harbour/busy/builds/1/jobs/0/steps/wait/usage";
    let busy = async |points: usize| {
        until("the step to be busy", PATIENCE, async || {
            let usage = match server.api.get(path).await {
                answer if answer.status().is_success() => answer.json::<serde_json::Value>().await.unwrap(),
                answer => return Err(answer.status().to_string()),
            };
            let seen =
                usage["points"].as_array().unwrap().iter().filter(|point| {
                    point["cpu"].as_f64().unwrap() > 0.05 && point["memory"].as_u64().unwrap() > 10_000
                });
            if seen.count() >= points { Ok(()) } else { Err(usage.to_string()) }
        })
        .await;
    };
    busy(1).await;
    browser.page.goto(&format!("{}/repos/harbour/busy/builds/1", server.api.url)).await.unwrap();
    shows(&browser, ".usage", "CPU at most").await;
    busy(4).await;

    // What was told is stored; a runner that comes back goes on.
    server.kill().await;
    server.start_again().await;
    let before = server.api.json(path).await["points"].as_array().unwrap().len();
    until("more to be told after the restart", PATIENCE, async || {
        let points = server.api.json(path).await["points"].as_array().unwrap().len();
        if points > before { Ok(()) } else { Err(points.to_string()) }
    })
    .await;

    let_go(&server, "wait").await;
    server.api.wait_end("harbour/busy", 1).await.assert_ended("success", "ok");
    push.ended(PATIENCE).await;
    shows(&browser, ".usage", "Memory at most").await;
    browser.screenshot("usage").await;
    browser.close().await;
    server.finish().await;
}
