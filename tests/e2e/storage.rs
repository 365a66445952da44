//! `--storage`: what outlives a job, in a bucket.

use crate::harness::{
    git::Repo,
    s3::S3,
    server::{Kind, Server, Setup},
    wait::{PATIENCE, until},
};

const PIPELINE: &str = "
skip_clone: true
steps:
  - name: talk
    image: slipway/busybox
    commands:
      - seq 1 60000
      - mkdir dist && seq 1 100 > dist/numbers.txt
    artifacts: dist/
";

/// Waits until no log is a file any more.
async fn archived(server: &Server) {
    let logs = server.data().join("logs");
    until("the logs to be moved", PATIENCE, async || match std::fs::read_dir(&logs).unwrap().count() {
        0 => Ok(()),
        left => Err(format!("{left} folders are left")),
    })
    .await;
}

fn numbers(last: u32) -> String {
    (1..=last).map(|number| format!("{number}\n")).collect()
}

#[tokio::test]
async fn logs_and_artifacts_live_in_a_bucket_and_outlive_a_killed_server() {
    let Some(s3) = S3::start().await else { return };
    let mut server = Setup::new(Kind::Docker)
        .env("SLIPWAY_STORAGE", &format!("s3://builds/slipway?endpoint={}&region=us-east-1", s3.endpoint))
        .env("AWS_ACCESS_KEY_ID", "id-of-the-bucket")
        .env("AWS_SECRET_ACCESS_KEY", "hunter2-of-the-bucket")
        .start()
        .await;
    let repo = Repo::with_pipeline(PIPELINE).await;
    repo.push_main(&server.remote("me/bucket")).await;
    let build = server.api.wait_end("me/bucket", 1).await;
    build.assert_ended("success", "ok");
    let before = server.api.log("me/bucket", &build, "talk").await;
    assert!(before.contains(&numbers(60_000)), "the log has every line");
    archived(&server).await;
    let keys = s3.keys().await;
    assert!(keys.iter().any(|key| key.starts_with("slipway/logs/") && key.ends_with(".zst")), "{keys:?}");
    assert!(keys.iter().any(|key| key.starts_with("slipway/artifacts/")), "{keys:?}");
    assert!(!server.data().join("objects").exists(), "nothing beside it");

    server.kill().await;
    server.start_again().await;
    assert_eq!(server.api.log("me/bucket", &build, "talk").await, before);
    let path = "/api/v1/repos/me/bucket/builds/1/artifacts/dist/numbers.txt";
    assert_eq!(server.api.text(path).await, numbers(100));
    assert!(!server.output.text().contains("hunter2"), "{}", server.output.text());
    server.finish().await;
}

#[tokio::test]
async fn a_server_killed_while_it_moves_logs_loses_none() {
    let mut server = Setup::new(Kind::Docker).start().await;
    let repo = Repo::with_pipeline(&PIPELINE.replace("60000", "200000")).await;
    for round in 1..=3 {
        repo.commit(&format!("round {round}")).await;
        repo.push_main(&server.remote("me/killed-archive")).await;
        let build = server.api.wait_end("me/killed-archive", round).await;
        // The move has begun, or not, or is over.
        server.kill().await;
        server.start_again().await;
        let log = server.api.log("me/killed-archive", &build, "talk").await;
        assert!(log.contains(&numbers(200_000)), "{} bytes", log.len());
    }
    archived(&server).await;
    for round in 1..=3 {
        let build = server.api.build("me/killed-archive", round).await;
        let log = server.api.log("me/killed-archive", &build, "talk").await;
        assert!(log.contains(&numbers(200_000)), "{} bytes", log.len());
    }
    server.finish().await;
}
