//! Logs that were moved into the storage, over every door.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use slipway_pipelines::state::Finish;
use slipway_server::logs::remove_old;

use crate::setup::{TOKEN, World};

const STEP: &str = "/api/v1/repos/me/thing/builds/1/jobs/0/steps/a/log";

#[tokio::test]
async fn a_log_in_the_storage_is_read_like_one_in_a_file() {
    let world = World::start().await;
    let repository = world.repository("me/thing").await;
    world.build(&repository, "x", &["a"]).await;
    let runner = world.runner().await;
    let claim = runner.take().await;
    runner.started(claim, 0).await;
    let text: String = (1..=40_000).map(|line| format!("line {line} of the log\n")).collect();
    for (at, piece) in text.as_bytes().chunks(200_000).enumerate() {
        runner.log(claim, 0, at * 200_000, piece).await;
    }
    runner.ended(claim, 0, Finish::exit(0), text.len() as u64).await;
    runner.finished(claim, Finish::exit(0)).await;

    let data = world.server.app().config.data.clone();
    let file = data.join("logs").join(claim.job.to_string());
    let object = data.join("objects/logs").join(claim.job.to_string()).join("1/0.zst");
    tokio::time::timeout(Duration::from_secs(20), async {
        while file.exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .expect("the log is moved by itself");
    assert!(object.exists());

    assert!(world.text(STEP).await == text);
    for (range, want) in
        [("bytes=0-9", 0..10), ("bytes=262140-262150", 262_140..262_151), ("bytes=-7", text.len() - 7..text.len())]
    {
        let answer = world.bare(Method::GET, STEP).bearer_auth(TOKEN).header("Range", range).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::PARTIAL_CONTENT);
        assert_eq!(answer.text().await.unwrap(), text[want]);
    }
    let live = world.text(&format!("{STEP}/stream?offset={}", text.len() - 23)).await;
    assert!(live.contains("line 40000 of the log") && live.contains("event: end"), "{live}");
    let page = world.text("/repos/me/thing/builds/1/jobs/0/steps/a?line=20000").await;
    assert!(page.contains("line 20000 of the log") && !page.contains("line 30000 of the log"));

    // After its time.
    let app = world.server.app();
    remove_old(&app.logs, &app.store, i64::MAX).await.unwrap();
    assert!(!object.exists());
    for path in [STEP.to_owned(), format!("{STEP}/stream")] {
        let answer = world.get(&path).await;
        assert_eq!(answer.status(), StatusCode::GONE);
        assert!(answer.text().await.unwrap().contains("--log-retention"));
    }
    // What ran is known still.
    assert_eq!(world.get(&STEP.replace("/log", "/commands")).await.status(), StatusCode::OK);
    let page = world.text("/repos/me/thing/builds/1/jobs/0/steps/a").await;
    assert!(page.contains("Removed after its time."));
}
