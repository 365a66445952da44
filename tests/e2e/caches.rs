//! `cache`: what one build leaves, the next ones find.

use std::{fs, path::PathBuf};

use serde_json::Value;

use super::desk::bench::Desk;
use crate::harness::{
    disk::SmallDisk,
    git::{Repo, shell},
    server::{Kind, Server, Setup},
    wait::{PATIENCE, until},
};

/// Fills a folder if nothing is in it, and says what is.
const PIPELINE: &str = "steps:
  - name: fill
    image: slipway/busybox
    cache:
      key: gems-{{ checksum \"Gemfile.lock\" }}
      restore_keys: [gems-]
      paths: [vendor/bundle, .tool]
    commands:
      - mkdir -p vendor/bundle .tool
      - '[ -e vendor/bundle/made ] || echo by $CI_PIPELINE_NUMBER for $(cat Gemfile.lock) > vendor/bundle/made'
      - ln -sf bundle/made vendor/link && chmod 750 vendor/bundle && touch .tool/x
      - cat vendor/bundle/made && stat -c '%a %u' vendor/bundle
";

/// `printf 'a\\n' | sha256sum`
const KEY_OF_A: &str = "gems-87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7";

/// The entries that the server lists, once there are so many.
async fn entries(server: &Server, repository: &str, count: usize) -> Vec<Value> {
    until(&format!("{count} entries of caches"), PATIENCE, async || {
        let list = server.api.json(&format!("/api/v1/repos/{repository}/caches")).await;
        let list = list.as_array().cloned().unwrap_or_default();
        if list.len() == count { Ok(list) } else { Err(format!("{list:?}")) }
    })
    .await
}

/// Pushes, and gives the log of the step `fill` of the build.
async fn built(server: &Server, repo: &Repo, repository: &str, number: u64) -> String {
    repo.commit(&format!("Commit {number}")).await;
    repo.push_main(&server.remote(repository)).await;
    let build = server.api.wait_end(repository, number).await;
    build.assert_ended("success", "ok");
    server.api.log(repository, &build, "fill").await
}

/// Files of the data folder that have this in their path.
fn files(server: &Server, part: &str) -> Vec<PathBuf> {
    let mut waiting = vec![server.data()];
    let mut found = Vec::new();
    while let Some(folder) = waiting.pop() {
        // Folders of jobs come and go.
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.to_string_lossy().contains(part) {
                found.push(path);
            }
        }
    }
    found
}

#[tokio::test]
async fn what_a_build_leaves_the_next_ones_find() {
    let server = Setup::new(Kind::Docker).start().await;
    let repo = Repo::with(&[(".slipway.yml", PIPELINE), ("Gemfile.lock", "a\n")]).await;
    let log = built(&server, &repo, "me/gems", 1).await;
    assert!(log.contains(&format!("slipway: no cache for key {KEY_OF_A}\n")), "{log}");
    assert!(log.contains("by 1 for a\n"), "{log}");
    let list = entries(&server, "me/gems", 1).await;
    assert_eq!((list[0]["key"].as_str(), list[0]["scope"].as_str()), (Some(KEY_OF_A), Some("main")));

    let log = built(&server, &repo, "me/gems", 2).await;
    assert!(log.contains(&format!("slipway: restored cache {KEY_OF_A} (")), "{log}");
    assert!(log.contains("by 1 for a\n750 0\n"), "{log}");
    // Another lock: by its beginning, and saved under its own key.
    repo.write("Gemfile.lock", "b\n");
    let log = built(&server, &repo, "me/gems", 3).await;
    assert!(log.contains(&format!("slipway: restored cache {KEY_OF_A} (")) && log.contains("by 1 for a\n"), "{log}");
    entries(&server, "me/gems", 2).await;

    // A branch reads what the default branch has.
    repo.git(["switch", "--quiet", "--create", "fix"]).await;
    repo.commit("On a branch").await;
    assert!(repo.push(&server.remote("me/gems"), "fix").await.status.success());
    let build = server.api.wait_end("me/gems", 4).await;
    let log = server.api.log("me/gems", &build, "fill").await;
    assert!(log.contains("slipway: restored cache gems-") && log.contains("by 1 for a\n"), "{log}");

    // Another repository has nothing of it.
    let other = Repo::with(&[(".slipway.yml", PIPELINE), ("Gemfile.lock", "a\n")]).await;
    let log = built(&server, &other, "me/other", 1).await;
    assert!(log.contains(&format!("slipway: no cache for key {KEY_OF_A}\n")), "{log}");
    entries(&server, "me/other", 1).await;

    let page = server.api.text("/repos/me/gems/settings").await;
    assert!(page.contains(KEY_OF_A), "{page}");
    let gone = server.api.request("DELETE", "/api/v1/repos/me/gems/caches").send().await.unwrap();
    assert_eq!(gone.status().as_u16(), 204);
    entries(&server, "me/gems", 0).await;
    entries(&server, "me/other", 1).await;
    server.finish().await;
}

#[tokio::test]
async fn a_damaged_entry_is_dropped_and_made_anew() {
    let server = Setup::new(Kind::Docker).start().await;
    let repo = Repo::with(&[(".slipway.yml", PIPELINE), ("Gemfile.lock", "a\n")]).await;
    built(&server, &repo, "me/gems", 1).await;
    let entry = entries(&server, "me/gems", 1).await.remove(0);
    // The copy that the runner keeps for itself would hide it.
    until("the runner's copy", PATIENCE, async || {
        let copies = files(&server, ".tar.zst");
        copies.iter().for_each(|copy| fs::remove_file(copy).unwrap());
        if copies.len() == 1 { Ok(()) } else { Err(format!("{copies:?}")) }
    })
    .await;
    let id = entry["id"].as_str().unwrap();
    let object = files(&server, id).remove(0);
    let mut bytes = fs::read(&object).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    fs::write(&object, bytes).unwrap();

    let log = built(&server, &repo, "me/gems", 2).await;
    let line = format!("slipway: no cache for key {KEY_OF_A}: the entry {KEY_OF_A} is damaged and was dropped\n");
    assert!(log.contains(&line) && log.contains("by 2 for a\n"), "{log}");
    until("the entry anew", PATIENCE, async || {
        let list = entries(&server, "me/gems", 1).await;
        if list[0]["id"].as_str() != Some(id) { Ok(()) } else { Err(format!("{list:?}")) }
    })
    .await;
    assert!(files(&server, id).is_empty(), "its bytes are gone");
    let log = built(&server, &repo, "me/gems", 3).await;
    assert!(log.contains("slipway: restored cache") && log.contains("by 2 for a\n"), "{log}");
    server.finish().await;
}

#[tokio::test]
async fn an_entry_over_the_limit_is_not_kept_and_the_next_build_says_so() {
    let server = Setup::new(Kind::Docker).env("SLIPWAY_CACHE_LIMIT", "100kB").start().await;
    let pipeline = "steps:
  - name: fill
    image: slipway/busybox
    cache: {key: noise, paths: [noise]}
    commands: [head -c 200000 /dev/urandom > noise]
";
    let repo = Repo::with_pipeline(pipeline).await;
    let log = built(&server, &repo, "me/noise", 1).await;
    assert!(log.contains("slipway: no cache for key noise\n"), "{log}");
    let list = entries(&server, "me/noise", 1).await;
    let problem = "the last build could not save it: it has more than 50 kB, which is the most";
    assert_eq!((list[0]["problem"].as_str(), list[0]["size"].as_u64()), (Some(problem), Some(0)));
    let log = built(&server, &repo, "me/noise", 2).await;
    assert!(log.contains(&format!("slipway: no cache for key noise: {problem}\n")), "{log}");
    until("nothing of it stays", PATIENCE, async || {
        let left = [files(&server, ".tar.zst"), files(&server, "/.new-")].concat();
        if left.is_empty() { Ok(()) } else { Err(format!("{left:?}")) }
    })
    .await;
    server.finish().await;
}

#[tokio::test]
async fn a_full_disk_costs_the_cache_and_nothing_else() {
    let Some(disk) = SmallDisk::mounted().await else { return };
    let server = Setup::new(Kind::Docker).env("SLIPWAY_STORAGE", disk.path().to_str().unwrap()).start().await;
    let pipeline = |bytes: u64| {
        format!(
            "steps:
  - name: fill
    image: slipway/busybox
    cache: {{key: noise, paths: [noise]}}
    commands: [\"[ -e noise ] && wc -c noise || head -c {bytes} /dev/urandom > noise\"]
"
        )
    };
    let repo = Repo::with_pipeline(&pipeline(20_000_000)).await;
    let log = built(&server, &repo, "me/full", 1).await;
    assert!(log.contains("slipway: no cache for key noise\n"), "{log}");
    let list = entries(&server, "me/full", 1).await;
    let problem = "the last build could not save it: the server's storage is full";
    assert_eq!((list[0]["problem"].as_str(), list[0]["size"].as_u64()), (Some(problem), Some(0)));
    until("nothing of it stays", PATIENCE, async || {
        let (_, left) = shell(disk.path(), "find caches -type f 2>/dev/null", &[]).await;
        if left.trim().is_empty() { Ok(()) } else { Err(left) }
    })
    .await;
    // The next build is told, and its smaller one has its room.
    repo.write(".slipway.yml", pipeline(200_000));
    let log = built(&server, &repo, "me/full", 2).await;
    assert!(log.contains(&format!("slipway: no cache for key noise: {problem}\n")), "{log}");
    until("it is saved", PATIENCE, async || {
        let list = server.api.json("/api/v1/repos/me/full/caches").await;
        if list[0]["size"].as_u64().is_some_and(|size| size > 0) { Ok(()) } else { Err(list.to_string()) }
    })
    .await;
    let log = built(&server, &repo, "me/full", 3).await;
    assert!(log.contains("slipway: restored cache noise (") && log.contains("200000 noise\n"), "{log}");
    server.finish().await;
}

#[tokio::test]
async fn a_run_at_the_desk_keeps_caches_of_its_own() {
    let repo = Repo::with(&[(".slipway.yml", PIPELINE), ("Gemfile.lock", "a\n")]).await;
    let desk = Desk::docker().await;
    let first = desk.run(repo.path(), &[]).await;
    assert!(first.code == 0 && first.stdout.contains(&format!("no cache for key {KEY_OF_A}")), "{first:?}");
    let second = desk.run(repo.path(), &[]).await;
    assert!(second.code == 0 && second.stdout.contains(&format!("restored cache {KEY_OF_A} (")), "{second:?}");
    assert!(second.stdout.contains("for a") && second.stdout.contains("750 0"), "{second:?}");
    desk.finish().await;
}
