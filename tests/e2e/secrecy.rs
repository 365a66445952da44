//! Nothing is readable without a login, and a credential is readable for nobody.

use serde_json::json;

use crate::harness::{
    api::Api,
    git::{Repo, git},
    hook::headers,
    server::{Kind, Setup},
    wait::{PATIENCE, until},
};

const MARKER: &str = "MARKED-MESSAGE";

/// Every path of the server's own table of routes, with the parts of a real build filled in.
fn routes() -> Vec<String> {
    let source = include_str!("../../server/src/routes.rs");
    let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
    let text: String = code.collect::<Vec<_>>().join("\n");
    let mut paths: Vec<String> =
        text.split('"').skip(1).step_by(2).filter(|part| part.starts_with('/')).map(fill).collect();
    paths.sort();
    paths.dedup();
    paths
}

fn fill(route: &str) -> String {
    let mut path = String::new();
    let mut rest = route;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').expect("a closed placeholder");
        path.push_str(before);
        path.push_str(match name {
            "owner" => "me",
            "name" | "repo" | "repository" if route.starts_with("/git") => "secret-thing.git",
            "name" | "repo" | "repository" => "secret-thing",
            "file" | "badge" if route.starts_with("/badges") => "secret-thing.svg",
            "number" | "build" => "1",
            "job" => "0",
            "step" => "1",
            _ => "x",
        });
        rest = after;
    }
    path + rest
}

#[tokio::test]
async fn nothing_is_readable_without_a_login() {
    let server = Setup::new(Kind::Dummy).start().await;
    let repo = Repo::init().await;
    repo.write(".slipway.yml", "steps: [{name: a, image: dummy, commands: [echo MARKED-MESSAGE]}]");
    repo.commit(MARKER).await;
    repo.push_main(&server.remote("me/secret-thing")).await;
    let build = server.api.build("me/secret-thing", 1).await;
    let log = Api::log_path("me/secret-thing", &build, "a");

    let mut paths = routes();
    assert!(paths.len() > 10, "{paths:?}");
    paths.extend([
        "/".to_owned(),
        "/repos/me/secret-thing".to_owned(),
        "/repos/me/secret-thing/builds/1".to_owned(),
        log.clone(),
        format!("{log}/stream"),
        "/git/me/secret-thing.git/info/refs?service=git-upload-pack".to_owned(),
        "/git/me/secret-thing.git/info/refs?service=git-receive-pack".to_owned(),
        "/git/me/secret-thing.git/HEAD".to_owned(),
        "/api/v1/repos".to_owned(),
        "/metrics".to_owned(),
    ]);
    let is_public = |path: &str| {
        // Who checks a statement elsewhere has no login here: the public key is public.
        let doors = ["/healthz", "/readyz", "/login", "/badges/", "/assets/", "/api/v1/provenance.pub"];
        doors.iter().any(|door| path.starts_with(door))
    };
    for path in &paths {
        for method in ["GET", "POST"] {
            for token in [None, Some("slp_wrong"), Some("")] {
                let mut request = server.api.bare(method, path).timeout(PATIENCE);
                if let Some(token) = token {
                    request = request.bearer_auth(token).header("Cookie", format!("slipway_session={token}"));
                }
                let response = request.send().await.unwrap_or_else(|error| panic!("{method} {path}: {error}"));
                let status = response.status().as_u16();
                let to_login =
                    response.headers().get("location").is_some_and(|to| to.as_bytes().starts_with(b"/login"));
                let body = response.text().await.unwrap_or_default();
                assert!(!body.contains(MARKER), "{method} {path} shows the build: {body}");
                if !is_public(path) {
                    let closed = matches!(status, 400 | 401 | 403 | 404 | 405 | 415)
                        || (matches!(status, 302 | 303 | 307) && to_login);
                    assert!(closed, "{method} {path} with {token:?} says {status}: {body}");
                    assert!(!body.contains("secret-thing"), "{method} {path} names it: {body}");
                }
            }
        }
    }
    // The runner's door takes no session, and a wrong password does not clone.
    let refused = git(server.scratch())
        .args(["clone", "--quiet", &server.remote("me/secret-thing").replace("slp_", "slp_x"), "copy"])
        .output()
        .await
        .unwrap();
    assert!(!refused.status.success());
    // With the token all of it is there.
    assert!(
        server.api.text(&log).await.contains(MARKER)
            || server.api.text("/repos/me/secret-thing").await.contains(MARKER)
    );
    server.finish().await;
}

#[tokio::test]
async fn a_login_link_works_once() {
    let server = Setup::new(Kind::Dummy).start().await;
    let first = server.api.bare("GET", &format!("{}?to=/repos/me/thing", server.login)).send().await.unwrap();
    assert_eq!(first.headers()["location"], "/repos/me/thing");
    let cookie = first.headers()["set-cookie"].to_str().unwrap().to_owned();
    for part in ["HttpOnly", "SameSite"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let session = cookie.split(';').next().unwrap().to_owned();
    let home = server.api.bare("GET", "/").header("Cookie", &session).send().await.unwrap();
    assert_eq!(home.status().as_u16(), 200);
    // Another site's form is refused.
    for origin in [None, Some("https://evil.example")] {
        let mut request = server.api.bare("POST", "/api/v1/repos").header("Cookie", &session);
        if let Some(origin) = origin {
            request = request.header("Origin", origin);
        }
        let sent =
            request.json(&json!({"owner": "a", "name": "b", "forge": "generic", "clone_url": "/x"})).send().await;
        assert_eq!(sent.unwrap().status().as_u16(), 403, "{origin:?}");
    }
    for method in ["GET", "POST"] {
        let again = server.api.bare(method, &server.login).header("Origin", &server.api.url).send().await.unwrap();
        assert!(again.headers().get("set-cookie").is_none(), "the link works twice");
    }
    server.finish().await;
}

/// Sends a push of `sha` to a repository's generic hook.
async fn hook(api: &Api, hooked: &crate::harness::api::Hooked, delivery: &str, sha: &str) {
    let body = json!({"ref": "refs/heads/main", "before": "0".repeat(40), "after": sha}).to_string();
    let request = api.bare("POST", &hooked.webhook_url);
    let request = headers(request, "generic", "push", delivery, &hooked.secret, body.as_bytes());
    let status = request.body(body).send().await.unwrap().status();
    assert!(status.is_success(), "{status}");
}

#[tokio::test]
async fn a_token_in_a_clone_url_appears_nowhere() {
    const TOKEN: &str = "glpat-SecretLookingToken42";
    let server = Setup::new(Kind::Docker).start().await;
    let api = &server.api;
    let source = Repo::with_pipeline(
        "steps:
  - name: look
    image: slipway/busybox
    commands:
      - cat .git/config
      - env
      - echo $CI_REPO_CLONE_URL
",
    )
    .await;
    source.push_main(&server.remote("me/source")).await;
    let sha = source.git(["rev-parse", "HEAD"]).await;

    // One that cannot be reached, and one that needs its token: this server's own remote.
    let unreachable = api.create("me/unreachable", "generic", &format!("http://bot:{TOKEN}@127.0.0.1:1/no.git")).await;
    hook(api, &unreachable, "d-1", &sha).await;
    let reachable = api.create("me/reachable", "generic", &server.remote("me/source")).await;
    hook(api, &reachable, "d-2", &sha).await;
    let build = api.wait_end("me/reachable", 1).await;
    build.assert_ended("success", "ok");
    until("the failed fetch to be said", PATIENCE, async || {
        let said = server.output.text();
        if said.contains("me/unreachable") { Ok(()) } else { Err(said) }
    })
    .await;

    let mut seen = vec![server.output.text()];
    for step in ["clone", "look"] {
        seen.push(api.log("me/reachable", &build, step).await);
    }
    assert!(seen[2].contains("CI_REPO_CLONE_URL="), "{}", seen[2]);
    for path in [
        "/",
        "/repos/me/reachable",
        "/repos/me/unreachable",
        "/repos/me/reachable/builds/1",
        "/repos/me/unreachable/builds/1",
        "/api/v1/repos",
        "/api/v1/repos/me/reachable/builds",
        "/api/v1/repos/me/reachable/builds/1",
        "/api/v1/repos/me/unreachable/builds",
        "/api/v1/repos/me/unreachable/builds/1",
        "/api/v1/queue",
        "/api/v1/runners",
        "/metrics",
    ] {
        seen.push(api.text(path).await);
    }
    for text in &seen {
        assert!(!text.contains(TOKEN) && !text.contains(&api.token), "a token is shown:\n{text}");
    }
    server.finish().await;
}
