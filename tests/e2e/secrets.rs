//! Secrets, trust: who may have what, and that nothing shows.

use std::fs;

use serde_json::json;

use crate::harness::{
    git::Repo,
    server::{Kind, Server, Setup},
    wait::{PATIENCE, until},
};

const VALUE: &str = "swordfish-4711-of-the-deep";

/// Whether any file of the data folder holds the text.
fn at_rest(server: &Server, text: &str) -> Vec<String> {
    fn walk(folder: &std::path::Path, text: &[u8], found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, text, found);
            } else if fs::read(&path).is_ok_and(|bytes| bytes.windows(text.len()).any(|part| part == text)) {
                found.push(path.display().to_string());
            }
        }
    }
    let mut found = Vec::new();
    walk(&server.data(), text.as_bytes(), &mut found);
    found
}

#[tokio::test]
async fn a_secret_reaches_its_step_and_no_log_no_page_no_file() {
    let server = Setup::new(Kind::Docker).start().await;
    server.api.own("me/vault").await;
    server.api.secret("me/vault", "TOKEN", VALUE).await;
    let repo = Repo::with_pipeline(
        "steps:
  - name: use
    image: slipway/busybox
    environment:
      TOKEN: {from_secret: token}
    commands:
      - test \"$TOKEN\" = swordfish-4711-of-the-\"deep\"
      - echo \"it is $TOKEN.\"
      - printf '%s' \"$TOKEN\" | sed 's/-/ - /g'
      - printf '%s' swordfish; sleep 0.2; echo -4711-of-the-deep
  - name: without
    image: slipway/busybox
    commands: ['test -z \"$TOKEN\"']
",
    )
    .await;
    let pushed = repo.push_main(&server.remote("me/vault")).await;
    let build = server.api.wait_end("me/vault", 1).await;
    build.assert_ended("success", "ok");
    let log = server.api.log("me/vault", &build, "use").await;
    assert!(log.contains("it is ********."), "{log}");
    for place in [&log, &pushed.terminal, &build.json.to_string()] {
        assert!(!place.contains(VALUE), "{place}");
    }
    for path in ["/repos/me/vault/builds/1", "/api/v1/repos/me/vault/secrets", "/api/v1/repos/me/vault"] {
        let text = server.api.text(path).await;
        assert!(!text.contains(VALUE), "{path}: {text}");
    }
    assert_eq!(at_rest(&server, VALUE), Vec::<String>::new());
    // The search itself finds what is there.
    assert!(!at_rest(&server, "SQLite format 3").is_empty());
    server.finish().await;
}

#[tokio::test]
async fn what_a_repository_may_not_have_is_said_at_its_line() {
    let server = Setup::new(Kind::Docker).start().await;
    server.api.own("me/small").await;
    let tags_only = json!({"value": VALUE, "events": ["tag"]});
    let path = "/api/v1/repos/me/small/secrets/release_key";
    assert!(server.api.put(path, &tags_only).await.status().is_success());
    let pipeline = "steps:
  - name: use
    image: slipway/busybox
    environment:
      KEY: {from_secret: release_key}
      OTHER: {from_secret: relaese_key}
    volumes: [/etc:/host]
    commands: [ls /host]
";
    let repo = Repo::with_pipeline(pipeline).await;
    let pushed = repo.push_main(&server.remote("me/small")).await;
    let build = server.api.wait_end("me/small", 1).await;
    build.assert_ended("error", "config");
    for wanted in
        ["release_key", ".slipway.yml:5", ".slipway.yml:6", ".slipway.yml:7", "did you mean", "trusted with volumes"]
    {
        assert!(pushed.terminal.contains(wanted), "no `{wanted}` in {}", pushed.terminal);
    }

    // Trusted, and on a tag, the same file runs.
    let trust = json!({"trusted": {"volumes": true}});
    let answer = server.api.request("PATCH", "/api/v1/repos/me/small").json(&trust).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    repo.write(".slipway.yml", pipeline.replace("      OTHER: {from_secret: relaese_key}\n", ""));
    repo.commit("Mend").await;
    repo.git(["tag", "v1"]).await;
    repo.push(&server.remote("me/small"), "v1").await;
    let build = server.api.wait_end("me/small", 2).await;
    build.assert_ended("success", "ok");
    assert!(server.api.log("me/small", &build, "use").await.lines().any(|line| line == "hostname"));
    server.finish().await;
}

#[tokio::test]
async fn secrets_outlive_a_restart_and_a_missing_key_is_said() {
    let mut server = Setup::new(Kind::Docker).start().await;
    server.api.own("me/kept").await;
    server.api.secret("me/kept", "token", VALUE).await;
    server.kill().await;
    server.start_again().await;
    let repo = Repo::with_pipeline(
        "steps: {use: {image: slipway/busybox, environment: {TOKEN: {from_secret: token}}, commands: ['test ${#TOKEN} = 26']}}",
    )
    .await;
    repo.push_main(&server.remote("me/kept")).await;
    server.api.wait_end("me/kept", 1).await.assert_ended("success", "ok");
    until("the list of secrets", PATIENCE, async || {
        let list = server.api.json("/api/v1/repos/me/kept/secrets").await;
        if list.to_string().contains("\"token\"") { Ok(()) } else { Err(list.to_string()) }
    })
    .await;
    server.finish().await;
}
