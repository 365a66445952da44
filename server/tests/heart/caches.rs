//! Caches: who is given what, what is taken, and what goes.

use std::path::PathBuf;

use reqwest::{Response, StatusCode};
use sha2::{Digest, Sha256};
use slipway_pipelines::{
    lease::Claim,
    state::{Finish, Reason},
    trigger::{Cause, PullRequestAction},
    wire::{CacheAnswer, CacheEntry, CacheOffer, CacheRefusal, CacheWanted, JobNews},
};
use slipway_server::{
    Config, Running, clock, start,
    store::model::{NewBuild, Repository},
};
use tempfile::TempDir;

use crate::support::{Talker, config, content, ended, finished, job, json, new_build, repository, started, until};

/// A server with a repository and a runner.
struct World {
    folder: TempDir,
    server: Running,
    runner: Talker,
    thing: Repository,
}

impl World {
    async fn new() -> Self {
        Self::with_limit(5 << 30).await
    }

    async fn with_limit(cache_limit: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = start(Config { cache_limit, ..config(&folder) }).await.unwrap();
        let runner = Talker::new(&server, 1).introduced().await;
        let thing = repository(&server.app().store, "me/thing").await;
        Self { folder, server, runner, thing }
    }

    /// The runner holds a job of a build by this cause.
    async fn job(&self, repository: &Repository, cause: Cause) -> Claim {
        let mut new: NewBuild = new_build(repository);
        new.trigger.cause = cause;
        let (store, waits) = (&self.server.app().store, new.trigger.needs_approval());
        let build = store.create_build(new, move |_| content(vec![job("a", 1, &[])])).await.unwrap();
        if waits {
            store.approve_build(build.id, "ada").await.unwrap();
        }
        self.runner.next().await.claim
    }

    async fn find(&self, claim: Claim, key: &str, restore_keys: &[&str]) -> CacheAnswer {
        let restore_keys = restore_keys.iter().map(|key| (*key).to_owned()).collect();
        let wanted = CacheWanted { claim, key: key.into(), restore_keys, form: "f".into() };
        json(self.runner.post("caches", &wanted).send().await.unwrap()).await
    }

    async fn save(&self, claim: Claim, key: &str, text: &str) -> Response {
        let sha256 = hex::encode(Sha256::digest(text));
        let bytes = text.len() as u64;
        let offer = CacheOffer { epoch: claim.epoch, key: key.into(), form: "f".into(), bytes, sha256 };
        self.offer(claim, &offer, text).await
    }

    async fn offer(&self, claim: Claim, offer: &CacheOffer, text: &str) -> Response {
        let mut url: reqwest::Url =
            format!("{}/runner/v1/caches/{}/{}", self.runner.url, claim.job, claim.attempt).parse().unwrap();
        let (epoch, bytes) = (offer.epoch.to_string(), offer.bytes.to_string());
        let query = [
            ("epoch", &epoch),
            ("key", &offer.key),
            ("form", &offer.form),
            ("bytes", &bytes),
            ("sha256", &offer.sha256),
        ];
        url.query_pairs_mut().extend_pairs(query);
        self.runner.client.post(url).bearer_auth(&self.runner.token).body(text.to_owned()).send().await.unwrap()
    }

    async fn fetch(&self, claim: Claim, entry: &CacheEntry) -> Response {
        let Claim { job, attempt, epoch } = claim;
        let url = format!("{}/runner/v1/caches/{job}/{attempt}/{}?epoch={epoch}", self.runner.url, entry.id);
        self.runner.client.get(url).bearer_auth(&self.runner.token).send().await.unwrap()
    }

    async fn end(&self, claim: Claim, finish: Finish) {
        let end = JobNews::Finished { finish, at: clock::now(), kept: None };
        let news = vec![started(0), ended(0, 0), end];
        assert_eq!(self.runner.report(claim, news).await, StatusCode::NO_CONTENT);
    }

    /// Files with bytes of entries, wherever they are in the data folder.
    fn objects(&self) -> Vec<PathBuf> {
        let mut waiting = vec![self.folder.path().to_path_buf()];
        let mut found = Vec::new();
        while let Some(folder) = waiting.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    waiting.push(path);
                } else if path.components().any(|part| part.as_os_str() == "caches") {
                    found.push(path);
                }
            }
        }
        found
    }
}

fn push(branch: &str) -> Cause {
    Cause::Push { branch: branch.into(), before: None }
}

fn pull_request(target: &str) -> Cause {
    Cause::PullRequest {
        action: PullRequestAction::Updated,
        number: 1,
        title: String::new(),
        source_branch: "main".into(),
        target_branch: target.into(),
        labels: Vec::new(),
        milestone: String::new(),
        draft: false,
        from_fork: true,
    }
}

fn key(answer: &CacheAnswer) -> Option<&str> {
    answer.found.as_ref().map(|entry| entry.key.as_str())
}

#[tokio::test]
async fn what_a_branch_saved_its_own_builds_find_and_the_default_ones_everybody() {
    let world = World::new().await;
    let main = world.job(&world.thing, push("main")).await;
    assert_eq!(world.save(main, "gems-1", "of main").await.status(), StatusCode::NO_CONTENT);
    let fix = world.job(&world.thing, push("fix")).await;
    assert_eq!(world.save(fix, "gems-2", "of fix").await.status(), StatusCode::NO_CONTENT);

    let other = world.job(&world.thing, push("other")).await;
    let answer = world.find(other, "gems-9", &["none", "gems-"]).await;
    assert_eq!(key(&answer), Some("gems-1"), "a branch sees nothing of another one");
    assert_eq!(answer.saves, Some(5 << 29));
    let entry = answer.found.unwrap();
    assert_eq!(world.fetch(other, &entry).await.text().await.unwrap(), "of main");
    assert_eq!(key(&world.find(fix, "gems-9", &["gems-"]).await), Some("gems-2"), "its own before the default's");
    assert_eq!(key(&world.find(fix, "gems-1", &["gems-"]).await), Some("gems-1"), "but the exact one before all");
    let hidden = world.find(fix, "gems-2", &[]).await.found.unwrap();
    assert_eq!(world.fetch(other, &hidden).await.status(), StatusCode::NOT_FOUND);
    world.server.stop().await.unwrap();
}

#[tokio::test]
async fn a_pull_request_reads_its_base_and_writes_nothing() {
    let world = World::new().await;
    for branch in ["main", "release"] {
        let claim = world.job(&world.thing, push(branch)).await;
        world.save(claim, &format!("gems-{branch}"), branch).await.error_for_status().unwrap();
    }
    let claim = world.job(&world.thing, pull_request("release")).await;
    let answer = world.find(claim, "gems", &["gems-"]).await;
    assert_eq!((key(&answer), answer.saves), (Some("gems-release"), None));
    assert_eq!(key(&world.find(claim, "gems-main", &[]).await), Some("gems-main"));
    assert_eq!(world.save(claim, "gems-evil", "evil").await.status(), StatusCode::FORBIDDEN);
    let refusal = CacheRefusal { claim, key: "gems-evil".into(), form: "f".into(), problem: "x".into() };
    let refused = world.runner.post("caches/refused", &refusal).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    assert_eq!(world.objects().len(), 2);
    world.server.stop().await.unwrap();
}

#[tokio::test]
async fn repositories_never_share() {
    let world = World::new().await;
    let mine = world.job(&world.thing, push("main")).await;
    world.save(mine, "gems", "mine").await.error_for_status().unwrap();
    let entry = world.find(mine, "gems", &[]).await.found.unwrap();
    let other = repository(&world.server.app().store, "me/other").await;
    let other = world.job(&other, push("main")).await;
    assert_eq!(key(&world.find(other, "gems", &["g", "gems"]).await), None);
    assert_eq!(world.fetch(other, &entry).await.status(), StatusCode::NOT_FOUND);
    world.server.stop().await.unwrap();
}

#[tokio::test]
async fn an_entry_is_taken_from_who_held_the_job_last_and_never_changes() {
    let world = World::new().await;
    let claim = world.job(&world.thing, push("main")).await;
    let stale = Claim { epoch: claim.epoch + 1, ..claim };
    assert_eq!(world.save(stale, "a", "x").await.status(), StatusCode::CONFLICT);
    world.end(claim, Finish::exit(0)).await;
    assert_eq!(world.save(stale, "a", "x").await.status(), StatusCode::CONFLICT);
    assert_eq!(world.save(claim, "a", "first").await.status(), StatusCode::NO_CONTENT, "after its end, too");
    assert_eq!(world.save(claim, "a", "second").await.status(), StatusCode::NO_CONTENT);
    assert_eq!(world.objects().len(), 1, "nothing of the second stays");
    let next = world.job(&world.thing, push("main")).await;
    let entry = world.find(next, "a", &[]).await.found.unwrap();
    assert_eq!(world.fetch(next, &entry).await.text().await.unwrap(), "first");
    assert_eq!(world.fetch(claim, &entry).await.status(), StatusCode::CONFLICT, "who has ended reads no more");

    let long_ago = vec![started(0), ended(0, 0), finished(0)];
    assert_eq!(world.runner.report(next, long_ago).await, StatusCode::NO_CONTENT);
    assert_eq!(world.save(next, "b", "x").await.status(), StatusCode::CONFLICT, "it ended in 1970");
    world.server.stop().await.unwrap();
}

#[tokio::test]
async fn who_lost_a_job_saves_nothing() {
    let world = World::new().await;
    let claim = world.job(&world.thing, push("main")).await;
    assert_eq!(world.runner.report(claim, vec![started(0)]).await, StatusCode::NO_CONTENT);
    let store = &world.server.app().store;
    assert_eq!(store.expire(i64::MAX / 2).await.unwrap(), [claim.job]);
    let lost = store.job_attempt(claim.job, 1).await.unwrap().unwrap();
    assert!(format!("{:?}", lost.state).contains(&format!("{:?}", Reason::Lost)));
    assert_eq!(world.save(claim, "a", "x").await.status(), StatusCode::CONFLICT);
    world.server.stop().await.unwrap();
}

#[tokio::test]
async fn what_is_not_what_was_said_is_refused() {
    let world = World::with_limit(100).await;
    let claim = world.job(&world.thing, push("main")).await;
    let sha256 = hex::encode(Sha256::digest("hello"));
    let offer = CacheOffer { epoch: claim.epoch, key: "a".into(), form: "f".into(), bytes: 5, sha256 };
    for (offer, text, status) in [
        (CacheOffer { bytes: 6, ..offer.clone() }, "hello", StatusCode::BAD_REQUEST),
        (CacheOffer { bytes: 4, ..offer.clone() }, "hello", StatusCode::BAD_REQUEST),
        (offer.clone(), "hallo", StatusCode::BAD_REQUEST),
        (CacheOffer { sha256: "x".into(), ..offer.clone() }, "hello", StatusCode::BAD_REQUEST),
        (CacheOffer { key: String::new(), ..offer.clone() }, "hello", StatusCode::BAD_REQUEST),
        (CacheOffer { key: "a\nb".into(), ..offer.clone() }, "hello", StatusCode::BAD_REQUEST),
        (CacheOffer { bytes: 51, ..offer.clone() }, "hello", StatusCode::PAYLOAD_TOO_LARGE),
        (offer.clone(), "hello", StatusCode::NO_CONTENT),
    ] {
        assert_eq!(world.offer(claim, &offer, text).await.status(), status, "{offer:?}");
    }
    assert_eq!(world.objects().len(), 1);
    world.server.stop().await.unwrap();
}

#[tokio::test]
async fn the_entries_used_longest_ago_make_room() {
    let world = World::with_limit(100).await;
    let claim = world.job(&world.thing, push("main")).await;
    let text = "x".repeat(40);
    for name in ["a", "b"] {
        world.save(claim, name, &text).await.error_for_status().unwrap();
    }
    // The clock that entries are told apart by has milliseconds.
    let first = clock::now();
    until("the clock goes on", async || clock::now() > first).await;
    assert_eq!(key(&world.find(claim, "a", &[]).await), Some("a"));
    world.save(claim, "c", &text).await.error_for_status().unwrap();
    let mut there = Vec::new();
    for name in ["a", "b", "c"] {
        there.push(key(&world.find(claim, name, &[]).await).is_some());
    }
    assert_eq!(there, [true, false, true]);
    assert_eq!(world.objects().len(), 2);
    world.server.stop().await.unwrap();
}

#[tokio::test]
async fn a_damaged_entry_is_given_out_once_and_dropped() {
    let world = World::new().await;
    let claim = world.job(&world.thing, push("main")).await;
    world.save(claim, "a", "hello").await.error_for_status().unwrap();
    world.save(claim, "b", "hello").await.error_for_status().unwrap();
    let (a, b) = (world.find(claim, "a", &[]).await.found.unwrap(), world.find(claim, "b", &[]).await.found.unwrap());
    for path in world.objects() {
        if path.to_string_lossy().contains(&a.id.to_string()) {
            std::fs::write(path, "hallo").unwrap();
        } else {
            std::fs::remove_file(path).unwrap();
        }
    }
    assert_eq!(world.fetch(claim, &a).await.text().await.unwrap(), "hallo", "the runner compares");
    assert_eq!(world.fetch(claim, &b).await.status(), StatusCode::NOT_FOUND);
    assert_eq!((key(&world.find(claim, "a", &[]).await), key(&world.find(claim, "b", &[]).await)), (None, None));
    assert!(world.objects().is_empty());
    assert_eq!(world.save(claim, "a", "hello").await.status(), StatusCode::NO_CONTENT, "and can be saved again");
    world.server.stop().await.unwrap();
}

#[tokio::test]
async fn why_there_is_no_entry_is_told_until_there_is_one() {
    let world = World::new().await;
    let claim = world.job(&world.thing, push("main")).await;
    let refusal = CacheRefusal { claim, key: "a".into(), form: "f".into(), problem: "it is too large".into() };
    world.runner.post("caches/refused", &refusal).send().await.unwrap().error_for_status().unwrap();
    let answer = world.find(claim, "a", &["a"]).await;
    assert_eq!(
        (key(&answer), answer.note.as_deref()),
        (None, Some("the last build could not save it: it is too large"))
    );
    world.save(claim, "a", "hello").await.error_for_status().unwrap();
    let answer = world.find(claim, "a", &[]).await;
    assert_eq!((key(&answer), answer.note.as_deref()), (Some("a"), None));
    world.runner.post("caches/refused", &refusal).send().await.unwrap().error_for_status().unwrap();
    assert_eq!(key(&world.find(claim, "a", &[]).await), Some("a"), "an entry stays");
    world.server.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_without_room_keeps_none() {
    let world = World::with_limit(0).await;
    let claim = world.job(&world.thing, push("main")).await;
    let answer = world.find(claim, "a", &[]).await;
    assert_eq!((key(&answer), answer.saves, answer.note.is_some()), (None, None, true));
    assert_eq!(world.save(claim, "a", "hello").await.status(), StatusCode::PAYLOAD_TOO_LARGE);
    world.server.stop().await.unwrap();
}
