//! Pull requests of a forge: what they build, what they may read, and that of a fork nothing runs here that nobody approved.

use fantoccini::Locator;
use serde_json::{Value, json};

use super::browser::shows;
use crate::harness::{
    api::Hooked,
    build::Build,
    chromium::Browser,
    git::Repo,
    hook::headers,
    server::{Kind, Server, Setup},
    wait::{PATIENCE, until},
};

/// Fills a cache, and a part that only documents would need.
const PIPELINE: &str = "steps:
  - name: fill
    image: slipway/busybox
    cache: {key: deps, paths: [deps]}
    commands:
      - mkdir -p deps && echo $CI_PIPELINE_EVENT >> deps/by && cat deps/by
      - echo $CI_COMMIT_PULL_REQUEST of $CI_COMMIT_SOURCE_BRANCH into $CI_COMMIT_TARGET_BRANCH
  - name: manual
    image: slipway/busybox
    commands: [echo pages]
    when: {path: docs/**}
";

async fn send(server: &Server, hooked: &Hooked, event: &str, delivery: &str, body: &Value) -> Value {
    let body = body.to_string();
    let request = server.api.bare("POST", &hooked.webhook_url);
    let request = headers(request, "github", event, delivery, &hooked.secret, body.as_bytes());
    let answer = request.body(body).timeout(PATIENCE).send().await.expect("an answer");
    assert!(answer.status().is_success(), "{}", answer.status());
    answer.json().await.unwrap()
}

/// Waits until a delivery has ended with nothing to build, for this reason.
async fn ignored(server: &Server, delivery: &str, why: &str) {
    until(&format!("{delivery} to be ignored"), PATIENCE, async || {
        let list = server.api.json("/api/v1/repos/dock/pulls/deliveries").await;
        let is_so = |row: &Value| row.to_string().contains(delivery) && row.to_string().contains(why);
        if list.as_array().is_some_and(|list| list.iter().any(is_so)) { Ok(()) } else { Err(list.to_string()) }
    })
    .await;
}

fn opened(head: &str, repository: u64) -> Value {
    json!({
        "action": "opened", "number": 7, "sender": {"login": "ada"}, "repository": {"id": 1, "full_name": "dock/pulls"},
        "pull_request": {
            "title": "Light the beacon", "html_url": "http://forge/pulls/7", "draft": false, "labels": [],
            "head": {"ref": "beacon", "sha": head, "repo": {"id": repository, "full_name": "dock/pulls"}},
            "base": {"ref": "main", "sha": head, "repo": {"id": 1, "full_name": "dock/pulls"}},
        },
    })
}

/// A repository on a forge with a pull request, and the commit of that.
async fn forge(server: &Server, change: (&str, &str)) -> (Hooked, String, String) {
    let repo = Repo::with_pipeline(PIPELINE).await;
    let main = repo.git(["rev-parse", "HEAD"]).await;
    repo.git(["checkout", "-q", "-b", "beacon"]).await;
    repo.write(change.0, change.1);
    let head = repo.commit("Light it").await;
    repo.git(["update-ref", "refs/pull/7/head", &head]).await;
    repo.git(["checkout", "-q", "main"]).await;
    let bare = repo.bare_copy(&server.scratch().join("dock/pulls.git")).await;
    repo.git(["push", "--quiet", &bare.to_string_lossy(), "refs/pull/7/head:refs/pull/7/head"]).await;
    let hooked = server.api.create("dock/pulls", "github", &bare.to_string_lossy()).await;
    (hooked, main, head)
}

#[tokio::test]
async fn a_pull_request_is_built_reads_the_cache_of_its_base_and_writes_none() {
    let server = Setup::new(Kind::Docker).start().await;
    let (hooked, main, head) = forge(&server, ("beacon.txt", "lit")).await;
    let push = json!({
        "ref": "refs/heads/main", "before": "0".repeat(40), "after": main,
        "repository": {"id": 1, "full_name": "dock/pulls"}, "sender": {"login": "ada"},
    });
    send(&server, &hooked, "push", "d-1", &push).await;
    server.api.wait_end("dock/pulls", 1).await.assert_ended("success", "ok");
    let caches = async || server.api.json("/api/v1/repos/dock/pulls/caches").await;
    until("the cache of main", PATIENCE, async || {
        let list = caches().await;
        if list.as_array().is_some_and(|list| list.len() == 1) { Ok(()) } else { Err(list.to_string()) }
    })
    .await;
    let before = caches().await;
    assert_eq!(before[0]["scope"], "main", "{before}");

    send(&server, &hooked, "pull_request", "d-2", &opened(&head, 1)).await;
    let build = server.api.wait_end("dock/pulls", 2).await;
    build.assert_ended("success", "ok");
    assert_eq!((build.event.as_str(), build.sha.as_str()), ("pull_request", head.as_str()));
    let log = server.api.log("dock/pulls", &build, "fill").await;
    assert!(log.contains("restored cache deps") && log.contains("push\npull_request\n"), "{log}");
    assert!(log.contains("7 of beacon into main"), "{log}");
    assert!(build.json["left_out"].to_string().contains("manual"), "only beacon.txt changed: {build:?}");

    let mut closed = opened(&head, 1);
    closed["action"] = json!("closed");
    send(&server, &hooked, "pull_request", "d-4", &closed).await;
    let why = "no pipeline file names the event pull_request_closed";
    ignored(&server, "d-4", why).await;
    // A label that comes when its commit has gone is no error for anybody.
    let mut labeled = opened(&"a".repeat(40), 1);
    labeled["action"] = json!("labeled");
    send(&server, &hooked, "pull_request", "d-6", &labeled).await;
    ignored(&server, "d-6", "the commit could not be fetched").await;
    assert_eq!(server.api.numbers("dock/pulls").await, [2, 1]);
    // The next build of main comes after all that the pull request could have saved.
    send(&server, &hooked, "push", "d-5", &push).await;
    let build = server.api.wait_end("dock/pulls", 3).await;
    let log = server.api.log("dock/pulls", &build, "fill").await;
    assert!(log.contains("push\npush\n") && !log.contains("pull_request"), "{log}");
    assert_eq!(caches().await[0]["id"], before[0]["id"], "nobody replaced it");
    server.finish().await;
}

#[tokio::test]
async fn a_pull_request_from_a_fork_waits_for_somebodys_word() {
    let mut server = Setup::new(Kind::Docker).start().await;
    let is_blocked = |build: &Build| build.status == "blocked";
    let changed = PIPELINE.replace("echo pages", "cat /etc/shadow");
    let (hooked, _, head) = forge(&server, (".slipway.yml", &changed)).await;
    // It says that it has the same name; the number is the forge's.
    send(&server, &hooked, "pull_request", "d-1", &opened(&head, 2)).await;
    let build = server.api.wait("dock/pulls", 1, "blocked", is_blocked).await;
    let waits = "waits for somebody's approval: it comes from a fork";
    assert_eq!(build.json["jobs"][0]["waits"], waits, "{build:?}");
    let listed = server.api.json("/api/v1/repos/dock/pulls/builds?status=blocked").await;
    assert_eq!(listed[0]["number"], 1, "{listed}");
    assert!(server.api.json("/api/v1/queue").await.to_string().contains(waits));

    // Declined; run again, it waits again, also over a restart.
    assert!(server.api.ask("dock/pulls", 1, "cancel").await.status().is_success());
    server.api.wait_end("dock/pulls", 1).await.assert_ended("cancelled", "cancelled");
    assert!(server.api.ask("dock/pulls", 1, "retry").await.status().is_success());
    server.kill().await;
    server.start_again().await;
    server.api.wait("dock/pulls", 1, "blocked", is_blocked).await;

    let trust = json!({"trusted": {"network": false, "volumes": true, "security": true}});
    let trusted = server.api.request("PATCH", "/api/v1/repos/dock/pulls").json(&trust).send().await.unwrap();
    assert!(trusted.status().is_success(), "{}", trusted.status());

    let browser = Browser::start().await;
    browser.log_in(&server.login).await;
    browser.page.goto(&format!("{}/repos/dock/pulls/builds/1", server.api.url)).await.unwrap();
    shows(&browser, ".approval", "it comes from a fork, by ada").await;
    shows(&browser, ".approval", "It changes the pipeline itself: .slipway.yml").await;
    shows(&browser, ".approval", "trusted with volumes and security").await;
    shows(&browser, "#quiet", "Waits for somebody's approval.").await;
    browser.screenshot("approval").await;
    let approve = browser.page.find(Locator::Css(".actions button.main")).await.unwrap();
    approve.click().await.unwrap();
    shows(&browser, "#head", "approved by admin").await;
    let build = server.api.wait_end("dock/pulls", 1).await;
    build.assert_ended("success", "ok");
    assert_eq!(build.json["approved_by"], "admin");
    assert!(server.api.log("dock/pulls", &build, "fill").await.contains("7 of beacon into main"));
    assert_eq!(server.api.ask("dock/pulls", 1, "approve").await.status(), 409, "once");
    // Who has it needs not say it again for the same commit.
    assert!(server.api.ask("dock/pulls", 1, "retry").await.status().is_success());
    server.api.wait_end("dock/pulls", 1).await.assert_ended("success", "ok");
    // The next commits of the same pull request wait again.
    let mut news = opened(&head, 2);
    news["action"] = json!("synchronize");
    send(&server, &hooked, "pull_request", "d-2", &news).await;
    server.api.wait("dock/pulls", 2, "blocked", is_blocked).await;
    // Commits after those take their place, and with the pull request goes the question.
    send(&server, &hooked, "pull_request", "d-3", &news).await;
    server.api.wait("dock/pulls", 3, "blocked", is_blocked).await;
    server.api.wait_end("dock/pulls", 2).await.assert_ended("cancelled", "superseded");
    news["action"] = json!("closed");
    send(&server, &hooked, "pull_request", "d-4", &news).await;
    server.api.wait_end("dock/pulls", 3).await.assert_ended("cancelled", "superseded");
    browser.close().await;
    server.finish().await;
}

/// Says why it runs, and on what.
const REASONS: &str = "steps:
  - name: say
    image: slipway/busybox
    commands:
      - echo [$CI_PIPELINE_EVENT] [$CI_COMMIT_TAG] [$CI_PIPELINE_RELEASE_TITLE] [$CI_PIPELINE_DEPLOY_TARGET] [$CI_COMMIT_BRANCH] $CI_COMMIT_REF
  - name: closed
    image: slipway/busybox
    commands: [echo over]
    when: {event: pull_request_closed}
";

#[tokio::test]
async fn releases_deployments_and_closed_pull_requests_are_built() {
    let server = Setup::new(Kind::Docker).start().await;
    let repo = Repo::with_pipeline(REASONS).await;
    let head = repo.git(["rev-parse", "HEAD"]).await;
    repo.git(["tag", "-a", "v1", "-m", "One"]).await;
    repo.git(["update-ref", "refs/pull/7/head", &head]).await;
    let bare = repo.bare_copy(&server.scratch().join("dock/pulls.git")).await;
    repo.git(["push", "--quiet", &bare.to_string_lossy(), "refs/pull/7/head:refs/pull/7/head", "refs/tags/v1"]).await;
    let hooked = server.api.create("dock/pulls", "github", &bare.to_string_lossy()).await;
    let about = json!({"id": 1, "full_name": "dock/pulls"});
    let release = |tag: &str| {
        json!({"action": "released", "repository": about, "sender": {"login": "ada"},
            "release": {"tag_name": tag, "name": "The first", "prerelease": false}})
    };
    let deployment = |reference: &str| {
        json!({"action": "created", "repository": about, "sender": {"login": "ada"},
            "deployment": {"ref": reference, "sha": head, "environment": "quay", "task": "deploy"}})
    };
    let mut closed = opened(&head, 1);
    closed["action"] = json!("closed");
    for (number, event, body, said) in [
        (1, "release", release("v1"), "[release] [v1] [The first] [] [] refs/tags/v1"),
        (2, "deployment", deployment("main"), "[deployment] [] [] [quay] [main] refs/heads/main"),
        (3, "deployment", deployment("v1"), "[deployment] [] [] [quay] [] refs/tags/v1"),
        (4, "deployment", deployment(&head), "[deployment] [] [] [quay] [main] refs/heads/main"),
        (5, "pull_request", closed, "[pull_request_closed] [] [] [] [main] refs/pull/7/head"),
    ] {
        send(&server, &hooked, event, &format!("d-{number}"), &body).await;
        let build = server.api.wait_end("dock/pulls", number).await;
        build.assert_ended("success", "ok");
        assert_eq!(
            (build.event.as_str(), build.sha.as_str()),
            (event.replace("pull_request", "pull_request_closed").as_str(), head.as_str())
        );
        let log = server.api.log("dock/pulls", &build, "say").await;
        assert!(log.contains(said), "{log}");
    }
    send(&server, &hooked, "release", "d-9", &release("v2")).await;
    ignored(&server, "d-9", "the repository has no `refs/tags/v2`").await;
    server.finish().await;
}
