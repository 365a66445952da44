//! Webhooks at the door: signature, size, repetition; and a plain repository's hook to a green build.

use serde_json::json;

use crate::harness::{
    api::{Api, Hooked},
    git::{Repo, shell},
    hook::headers,
    server::{Kind, Server, Setup},
    wait::{PATIENCE, until},
};

const PIPELINE: &str = "steps: [{name: a, image: slipway/busybox, commands: [cat .slipway.yml]}]";

/// A plain bare repository beside the server, registered with it.
async fn plain(server: &Server, name: &str, pipeline: &str) -> (Repo, Hooked) {
    let repo = Repo::with_pipeline(pipeline).await;
    let bare = repo.bare_copy(&server.scratch().join(format!("{}.git", name.replace('/', "-")))).await;
    let hooked = server.api.create(name, "generic", &bare.to_string_lossy()).await;
    (repo, hooked)
}

/// Sends a body signed with `secret`; gives status and answer.
async fn send(api: &Api, hooked: &Hooked, delivery: &str, secret: &str, body: Vec<u8>) -> (u16, String) {
    let request = api.bare("POST", &hooked.webhook_url);
    let request = headers(request, "generic", "push", delivery, secret, &body);
    let response = request.body(body).timeout(PATIENCE).send().await.expect("an answer");
    (response.status().as_u16(), response.text().await.unwrap_or_default())
}

async fn push_body(repo: &Repo, marker: &str) -> Vec<u8> {
    let sha = repo.git(["rev-parse", "HEAD"]).await;
    let body = json!({"ref": "refs/heads/main", "before": "0".repeat(40), "after": sha, "marker": marker});
    body.to_string().into_bytes()
}

/// Whether a text is anywhere in the server's data folder.
async fn is_stored(server: &Server, text: &str) -> bool {
    shell(&server.data(), &format!("grep -rqaF '{text}' ."), &[]).await.0.success()
}

#[tokio::test]
async fn a_plain_repositorys_hook_leads_to_a_green_build() {
    let server = Setup::new(Kind::Docker).start().await;
    let (repo, hooked) = plain(&server, "me/bare", PIPELINE).await;
    let (status, said) = send(&server.api, &hooked, "d-1", &hooked.secret, push_body(&repo, "x").await).await;
    assert!((200..300).contains(&status), "{status}: {said}");
    let build = server.api.wait_end(&hooked.name, 1).await;
    build.assert_ended("success", "ok");
    assert_eq!((build.event.as_str(), build.branch.as_deref()), ("push", Some("main")));
    assert_eq!(build.message.trim_end(), "First commit", "read from the commit itself");
    assert!(server.api.log(&hooked.name, &build, "a").await.contains("commands: [cat .slipway.yml]"));
    server.finish().await;
}

#[tokio::test]
async fn only_a_rightly_signed_body_is_stored() {
    let server = Setup::new(Kind::Dummy).start().await;
    let (repo, hooked) = plain(&server, "me/signed", "steps: [{name: a, image: dummy, commands: [echo]}]").await;
    let (status, _) = send(&server.api, &hooked, "d-1", "not the secret", push_body(&repo, "FORGED-BODY").await).await;
    assert_eq!(status, 401);
    let body = push_body(&repo, "UNSIGNED-BODY").await;
    let unsigned = server.api.bare("POST", &hooked.webhook_url).header("X-Slipway-Delivery", "d-2").body(body);
    assert_eq!(unsigned.send().await.unwrap().status().as_u16(), 401);

    let (status, said) = send(&server.api, &hooked, "d-3", &hooked.secret, push_body(&repo, "TRUE-BODY").await).await;
    assert!((200..300).contains(&status), "{status}: {said}");
    assert!(is_stored(&server, "TRUE-BODY").await, "the true body is durable before it is answered");
    assert!(!is_stored(&server, "FORGED-BODY").await && !is_stored(&server, "UNSIGNED-BODY").await);
    server.api.wait_end(&hooked.name, 1).await.assert_ended("success", "ok");
    assert_eq!(server.api.numbers(&hooked.name).await, [1]);
    server.finish().await;
}

#[tokio::test]
async fn the_same_delivery_twice_is_one_build() {
    let mut server = Setup::new(Kind::Dummy).start().await;
    let (repo, hooked) = plain(&server, "me/twice", "steps: [{name: a, image: dummy, commands: [echo]}]").await;
    let body = push_body(&repo, "x").await;
    let sending = (0..4).map(|_| send(&server.api, &hooked, "same-id", &hooked.secret, body.clone()));
    for (status, said) in futures_util::future::join_all(sending).await {
        assert!((200..300).contains(&status), "{status}: {said}");
    }
    server.api.wait_end(&hooked.name, 1).await;
    server.kill().await;
    server.start_again().await;
    let (status, _) = send(&server.api, &hooked, "same-id", &hooked.secret, body.clone()).await;
    assert!((200..300).contains(&status), "{status}");
    let (status, _) = send(&server.api, &hooked, "another-id", &hooked.secret, body).await;
    assert!((200..300).contains(&status), "{status}");
    server.api.wait_end(&hooked.name, 2).await;
    assert_eq!(server.api.numbers(&hooked.name).await, [2, 1]);
    server.finish().await;
}

#[tokio::test]
async fn a_delivery_that_was_answered_is_built_after_a_kill() {
    let mut server = Setup::new(Kind::Dummy).start().await;
    let (repo, hooked) = plain(&server, "me/durable", "steps: [{name: a, image: dummy, commands: [echo]}]").await;
    for round in 1..=5 {
        let (status, _) =
            send(&server.api, &hooked, &format!("d-{round}"), &hooked.secret, push_body(&repo, "x").await).await;
        assert!((200..300).contains(&status), "{status}");
        server.kill().await;
        server.start_again().await;
        until("the delivery's build", PATIENCE, async || {
            let numbers = server.api.numbers(&hooked.name).await;
            if numbers.len() == round { Ok(()) } else { Err(format!("{numbers:?}")) }
        })
        .await;
    }
    server.finish().await;
}

#[tokio::test]
async fn a_body_that_is_too_large_no_json_or_for_nobody_is_refused() {
    let server = Setup::new(Kind::Dummy).start().await;
    let (_repo, hooked) = plain(&server, "me/door", "steps: [{name: a, image: dummy, commands: [echo]}]").await;
    let api = &server.api;
    let large = vec![b' '; 5 * 1024 * 1024 + 1];
    assert_eq!(send(api, &hooked, "d-1", &hooked.secret, large).await.0, 413);
    for (body, wanted) in [
        (r#"{"ref": "#, 400),
        ("", 400),
        ("[]", 400),
        (r#"{"ref": 7, "before": "x", "after": "y"}"#, 400),
        (r#"{"ref": "refs/heads/main", "before": "x", "after": "not a commit id"}"#, 400),
    ] {
        let (status, said) = send(api, &hooked, "d-2", &hooked.secret, body.as_bytes().to_vec()).await;
        assert_eq!(status, wanted, "`{body}`: {said}");
        assert!(!said.trim().is_empty(), "says what is wrong with `{body}`");
    }
    let deep = [b"[".repeat(200_000), b"]".repeat(200_000)].concat();
    assert_eq!(send(api, &hooked, "d-3", &hooked.secret, deep).await.0, 400);

    for path in [
        "/hooks/generic/00000000-0000-7000-8000-000000000000",
        "/hooks/generic/no-such-hook",
        "/hooks/subversion/00000000-0000-7000-8000-000000000000",
    ] {
        let response = api.bare("POST", path).body("{}").send().await.unwrap();
        assert!(matches!(response.status().as_u16(), 401 | 404), "{path}: {}", response.status());
    }
    assert_eq!(api.get("/api/v1/repos/nobody/nothing/builds").await.status().as_u16(), 404);
    assert_eq!(api.get("/api/v1/repos/me/door/builds/99").await.status().as_u16(), 404);
    assert_eq!(api.get("/repos/nobody/nothing").await.status().as_u16(), 404);
    assert_eq!(api.post("/api/v1/repos/nobody/nothing/builds", &json!({"branch": "main"})).await.status(), 404);
    let twice = json!({"owner": "me", "name": "door", "forge": "generic", "clone_url": "/x"});
    assert_eq!(api.post("/api/v1/repos", &twice).await.status().as_u16(), 409);
    let wrong = json!({"owner": "../..", "name": "etc", "forge": "generic", "clone_url": "/x"});
    assert!(matches!(api.post("/api/v1/repos", &wrong).await.status().as_u16(), 400 | 422));
    assert_eq!(api.numbers("me/door").await, [0; 0]);
    server.finish().await;
}

#[tokio::test]
async fn a_commit_or_repository_that_cannot_be_fetched_is_said_and_nothing_hangs() {
    let server = Setup::new(Kind::Dummy).start().await;
    let (_repo, hooked) = plain(&server, "me/gone", "steps: [{name: a, image: dummy, commands: [echo]}]").await;
    let body = json!({"ref": "refs/heads/main", "before": "0".repeat(40), "after": "1".repeat(40)});
    let (status, said) = send(&server.api, &hooked, "d-1", &hooked.secret, body.to_string().into_bytes()).await;
    assert!((200..300).contains(&status), "{status}: {said}");
    let build = server.api.wait_end(&hooked.name, 1).await;
    build.assert_ended("error", "clone");
    assert_eq!(build.jobs.len(), 0, "{build:?}");
    assert!(build.json.to_string().contains(&"1".repeat(12)), "says which commit: {build:?}");
    server.finish().await;
}
