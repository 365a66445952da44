//! A build that starts by itself.

use serde_json::json;

use crate::harness::{
    chromium::Browser,
    git::Repo,
    server::{Kind, Setup},
    wait::{PATIENCE, until},
};

const PIPELINE: &str = "when: [{event: push}, {event: cron, cron: nightly}]
steps:
  - name: say
    image: slipway/busybox
    commands: [echo $CI_PIPELINE_EVENT of $CI_COMMIT_BRANCH]
  - name: only-nightly
    image: slipway/busybox
    when: {event: cron}
    commands: [echo by night]
";

#[tokio::test]
async fn a_cron_builds_the_tip_of_its_branch_by_itself_and_on_demand() {
    let mut server = Setup::new(Kind::Docker).start().await;
    let repo = Repo::with_pipeline(PIPELINE).await;
    repo.push_main(&server.remote("me/tide")).await;
    server.api.wait_end("me/tide", 1).await.assert_ended("success", "ok");
    let path = "/api/v1/repos/me/tide/crons/nightly";
    // It comes due within a minute, also when the server is down then for a moment.
    assert!(server.api.put(path, &json!({"schedule": "* * * * *"})).await.status().is_success());
    server.kill().await;
    server.start_again().await;
    let patience = PATIENCE + std::time::Duration::from_secs(70);
    until("the build of the cron", patience, async || match server.api.find("me/tide", 2).await {
        Some(build) if build.status == "success" => Ok(()),
        seen => Err(format!("{seen:?}")),
    })
    .await;
    assert!(server.api.put(path, &json!({"schedule": "0 4 * * *", "paused": true})).await.status().is_success());
    let build = server.api.build("me/tide", 2).await;
    assert_eq!(build.json["event"], "cron", "{build:?}");
    assert!(server.api.log("me/tide", &build, "say").await.ends_with("\ncron of main\n"));
    assert!(server.api.log("me/tide", &build, "only-nightly").await.ends_with("\nby night\n"));
    let before = server.api.numbers("me/tide").await.len() as u64;

    let browser = Browser::start().await;
    browser.page.goto(&format!("{}?to=/repos/me/tide/settings", server.login)).await.unwrap();
    let press = "document.querySelector('form[action$=\"/crons/run\"] button').click()";
    browser.page.execute("document.querySelector('#crons').scrollIntoView()", vec![]).await.unwrap();
    browser.screenshot("settings-crons").await;
    browser.page.execute(press, vec![]).await.unwrap();
    let next = before + 1;
    server.api.wait_end("me/tide", next).await.assert_ended("success", "ok");
    until("the page of the build", PATIENCE, async || {
        let at = browser.page.current_url().await.map_err(|error| error.to_string())?;
        if at.path().ends_with(&format!("/builds/{next}")) { Ok(()) } else { Err(at.to_string()) }
    })
    .await;
    browser.close().await;
    server.finish().await;
}
