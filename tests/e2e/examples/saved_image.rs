//! A saved image: one runner builds and exports it, another loads and runs it.

use super::{copy, log};
use crate::harness::{
    docker,
    image::remove,
    runner::Runner,
    server::{Kind, Setup},
    wait::PATIENCE,
};

const REPOSITORY: &str = "examples/saved-image";
const TAG: &str = "slipway-example/lamp";

#[tokio::test]
async fn an_image_travels_to_another_runner_as_a_file() {
    let server = Setup::new(Kind::ServerOnly).start().await;
    let engine = docker::engine().await;
    let here = Runner::start(&server, "here", 1).await;
    let repo = copy("saved-image").await;
    let mut pushing = repo.push_live(&server.remote(REPOSITORY), "main");
    let built =
        server.api.wait(REPOSITORY, 1, "the image", |build| build.jobs.iter().any(|job| job.status == "success"));
    let built = built.await;
    let said = log(&server, "saved-image", &built, "image").await;
    assert!(said.contains("Saved the image to lamp.tar ("), "{said}");
    // Both runners of this test have the same engine: now it has not seen the image, as the other's would not have.
    here.finish().await;
    remove(&engine, TAG).await;

    let there = Runner::start_with(&server, "there", 1, &[("SLIPWAY_LABELS", "place=elsewhere")]).await;
    let build = server.api.wait_end(REPOSITORY, 1).await;
    pushing.ended(PATIENCE).await;
    assert_eq!(build.status, "success", "{build:?}\n{}", pushing.output.text());
    let runners: Vec<_> = build.jobs.iter().map(|job| (job.name.as_str(), job.runner.as_deref())).collect();
    assert_eq!(runners, [("image", Some("here")), ("run", Some("there"))]);
    let said = log(&server, "saved-image", &build, "lamp").await;
    assert!(said.contains("Loaded the image of lamp.tar: sha256:"), "{said}");
    assert!(said.ends_with("flash 1, colour = green\n"), "{said}");
    let said = log(&server, "saved-image", &build, "inside").await;
    assert!(said.contains("flash 1, colour = green\nflash 2, colour = green\n"), "{said}");
    // The name that it had elsewhere is not given here.
    assert!(engine.inspect_image(TAG).await.is_err(), "{TAG} is back");
    there.finish().await;
    server.finish().await;
}
