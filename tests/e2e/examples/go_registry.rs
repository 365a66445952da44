//! A Go web service: built, pushed to a private registry with a password, pulled by another runner and asked.

use super::{copy, log};
use crate::harness::{
    docker,
    git::shell,
    image::{debian, remove},
    registry::{Registry, USER},
    runner::Runner,
    server::{Kind, Server, Setup, binary},
    wait::PATIENCE,
};

const REPOSITORY: &str = "examples/go-registry";

/// As a person does it: the password comes on standard input.
async fn login(server: &Server, registry: &Registry, password: &str) {
    let script = format!(
        "printf %s \"$PASSWORD\" | '{}' registries set {REPOSITORY} {} --username {USER}",
        binary().display(),
        registry.host
    );
    let told = [
        ("PASSWORD", password),
        ("SLIPWAY_SERVER", server.api.url.as_str()),
        ("SLIPWAY_TOKEN", server.api.token.as_str()),
    ];
    let (status, said) = shell(server.scratch(), &script, &told).await;
    assert!(status.success() && !said.contains(password), "{said}");
}

#[tokio::test]
async fn an_image_goes_through_a_private_registry_to_another_runner() {
    if !debian(&["golang"]).await {
        return;
    }
    let Some(registry) = Registry::start("t1des-4nd-currents").await else { return };
    let server = Setup::new(Kind::ServerOnly).start().await;
    let engine = docker::engine().await;
    let here = Runner::start(&server, "here", 1).await;
    let repo = copy("go-registry").await;
    let put = format!("sed -i 's/registry.example.com/{}/' .slipway/*.yml", registry.host);
    assert!(shell(repo.path(), &put, &[]).await.0.success());
    let sha = repo.commit("Our registry").await;
    let image = format!("{}/dock/tides:{sha}", registry.host);
    server.api.own(REPOSITORY).await;

    login(&server, &registry, "wr0ng-passw0rd").await;
    let pushed = repo.push_main(&server.remote(REPOSITORY)).await;
    let build = server.api.wait_end(REPOSITORY, 1).await;
    build.assert_ended("error", "image_push");
    let said = log(&server, "go-registry", &build, "test").await;
    assert!(said.contains("--- PASS: TestKnowsItsHarbours") && said.contains("ok  \tdock.example/tides"), "{said}");
    let said = log(&server, "go-registry", &build, "image").await;
    let why = format!("{build:?}");
    assert!(why.contains(&registry.host) && (why.contains("auth") || why.contains("denied")), "{why}");
    let page = server.api.text(&format!("/repos/{REPOSITORY}/builds/1")).await;
    for text in [&said, &why, &page, &pushed.terminal, &server.output.text(), &here.output.text()] {
        assert!(!text.contains("wr0ng-passw0rd"), "the password is shown:\n{text}");
    }

    login(&server, &registry, &registry.password).await;
    repo.commit("Again").await;
    let sha = repo.git(["rev-parse", "HEAD"]).await;
    let image_again = format!("{}/dock/tides:{sha}", registry.host);
    let mut pushing = repo.push_live(&server.remote(REPOSITORY), "main");
    let published = |build: &crate::harness::build::Build| build.jobs.iter().any(|job| job.status == "success");
    let build = server.api.wait(REPOSITORY, 2, "the image to be published", published).await;
    let said = log(&server, "go-registry", &build, "image").await;
    assert!(said.contains("sha256:"), "no digest: {said}");
    let tags = registry.tags("dock/tides").await;
    assert!(tags.contains(&sha), "{tags}");
    here.finish().await;
    // Both runners of this test have the same engine: now it has to ask the registry.
    remove(&engine, &image).await;
    remove(&engine, &image_again).await;

    let there = Runner::start_with(&server, "there", 1, &[("SLIPWAY_LABELS", "place=elsewhere")]).await;
    let build = server.api.wait_end(REPOSITORY, 2).await;
    pushing.ended(PATIENCE).await;
    assert_eq!(build.status, "success", "{build:?}\n{}", pushing.output.text());
    let runners: Vec<_> = build.jobs.iter().map(|job| (job.name.as_str(), job.runner.as_deref())).collect();
    assert!(runners.contains(&("publish", Some("here"))) && runners.contains(&("check", Some("there"))), "{runners:?}");
    let said = log(&server, "go-registry", &build, "ask").await;
    assert!(said.contains(r#"{"high":"06:12","low":"12:31"}"#), "{said}");
    let said = log(&server, "go-registry", &build, "tides").await;
    assert!(said.contains(&format!("Pulled {image_again}")) || said.contains("Pulling"), "{said}");
    assert!(said.contains(r#"asked for "north-harbour", found: true"#), "{said}");
    remove(&engine, &image_again).await;
    there.finish().await;
    server.finish().await;
}
