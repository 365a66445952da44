//! The REST API.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use slipway_pipelines::state::{Finish, Reason};

use crate::setup::{TOKEN, World};

#[tokio::test]
async fn a_repository_is_registered_without_showing_its_credential() {
    let world = World::start().await;
    let body = json!({"owner": "me", "name": "thing", "forge": "gitea", "clone_url": "https://u:ghp_hidden@git.example/me/thing"});
    let (status, made) = world.post("/api/v1/repos", &body).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let hook = made["webhook_url"].as_str().unwrap();
    assert!(hook.starts_with(&format!("{}/hooks/gitea/", world.server.url())), "{hook}");
    assert!(made["webhook_secret"].as_str().unwrap().len() >= 32);
    assert_eq!(made["clone_url"], "https://git.example/me/thing");
    let list = world.text("/api/v1/repos").await;
    for text in [made.to_string(), list.clone()] {
        assert!(!text.contains("ghp_hidden"), "{text}");
    }
    assert!(!list.contains(made["webhook_secret"].as_str().unwrap()), "the secret is shown once");

    let (status, again) = world.post("/api/v1/repos", &body).await;
    assert_eq!(status, StatusCode::CONFLICT, "{again}");
    let (status, own) = world.post("/api/v1/repos", &json!({"owner": "me", "name": "own", "forge": "slipway"})).await;
    assert_eq!((status, &own["webhook_url"]), (StatusCode::CREATED, &Value::Null));
    assert_eq!(own["git_url"], format!("{}/git/me/own.git", world.server.url()));
}

#[tokio::test]
async fn bad_input_is_answered_with_what_is_wrong() {
    let world = World::start().await;
    world.repository("me/thing").await;
    let send = async |method: Method, path: &str, body: &'static str| {
        let answer = world.bare(method, path).bearer_auth(TOKEN).body(body).send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        let json: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{path}: {text}"));
        (status, json["error"].as_str().unwrap().to_owned())
    };
    for (method, path, body, status, says) in [
        ("POST", "/api/v1/repos", "{\"owner\": \"me\",\n \"name\": }", 400, "line 2 column 10"),
        ("POST", "/api/v1/repos", "{\"owner\": \"me\"}", 400, "`name`"),
        ("POST", "/api/v1/repos", "{\"owner\": \"me\", \"name\": \"x\", \"forgee\": \"y\"}", 400, "`forgee`"),
        ("POST", "/api/v1/repos", "{\"owner\": \"..\", \"name\": \"x\"}", 400, "`../x`"),
        ("GET", "/api/v1/repos/no/such", "", 404, "`no/such`"),
        ("GET", "/api/v1/repos/a%2F..%2Fb/such", "", 404, "no repository"),
        ("GET", "/api/v1/repos/me/thing/builds?limit=0", "", 400, "`limit`"),
        ("GET", "/api/v1/repos/me/thing/builds?limit=many", "", 400, "limit"),
        ("GET", "/api/v1/repos/me/thing/builds/9", "", 404, "`9`"),
        ("GET", "/api/v1/repos/me/thing/builds/x", "", 404, "`x`"),
        ("GET", "/api/v1/repos/me/thing/builds/99999999999999999999999", "", 404, "no build"),
        ("POST", "/api/v1/repos/me/thing/builds", "{}", 400, "branch"),
        ("POST", "/api/v1/repos/me/thing/builds", "{\"branch\": \"a\", \"sha\": \"b\"}", 400, "exclude"),
        ("POST", "/api/v1/repos/me/thing/builds", "{\"branch\": \"; rm -rf /\"}", 404, "; rm -rf /"),
        ("GET", "/api/v1/nothing", "", 404, "no such path"),
    ] {
        let (seen, error) = send(method.parse().unwrap(), path, body).await;
        assert_eq!(seen, status, "{method} {path}: {error}");
        assert!(error.contains(says), "{method} {path}: {error}");
    }
}

#[tokio::test]
async fn a_build_has_the_shape_of_the_design_through_its_life() {
    let world = World::start().await;
    let repository = world.repository("me/thing").await;
    let made = world.build(&repository, "Fix it\n\nreally", &["one", "two"]).await;
    let path = format!("/api/v1/repos/me/thing/builds/{}", made.number);
    let build = world.json(&path).await;
    assert_eq!(
        (&build["status"], &build["reason"], &build["started_at"]),
        (&json!("pending"), &Value::Null, &Value::Null)
    );
    assert_eq!(build["event"], "push");
    assert_eq!(
        (&build["branch"], &build["author"], &build["message"]),
        (&json!("main"), &json!("Ada"), &json!("Fix it\n\nreally"))
    );
    let created = build["created_at"].as_str().unwrap();
    assert!(created.len() == 24 && created.ends_with('Z') && created.contains('T'), "{created}");
    assert_eq!(build["jobs"][0]["runner"], Value::Null);
    let queue = world.json("/api/v1/queue").await;
    assert_eq!((&queue[0]["repository"], &queue[0]["job"]), (&json!("me/thing"), &json!("te/st")));

    let runner = world.runner().await;
    let claim = runner.take().await;
    runner.started(claim, 0).await;
    let build = world.json(&path).await;
    assert_eq!((&build["status"], &build["jobs"][0]["runner"]), (&json!("running"), &json!("quay")));
    let runners = world.json("/api/v1/runners").await;
    assert_eq!((&runners[0]["name"], &runners[0]["jobs"]), (&json!("quay"), &json!(1)));
    runner.ended(claim, 0, Finish::exit(3), 0).await;
    runner.ended(claim, 1, Finish::because(Reason::Needs), 0).await;
    runner.finished(claim, Finish::exit(3)).await;

    let build = world.json(&path).await;
    assert_eq!((&build["status"], &build["reason"]), (&json!("failure"), &json!("exit_code")));
    let steps = &build["jobs"][0]["steps"];
    assert_eq!(
        (&steps[0]["name"], &steps[0]["kind"], &steps[0]["exit_code"]),
        (&json!("one"), &json!("commands"), &json!(3))
    );
    assert_eq!(
        (&steps[1]["status"], &steps[1]["reason"], &steps[1]["started_at"]),
        (&json!("skipped"), &json!("needs"), &Value::Null)
    );

    let (status, _) = world.post(&format!("{path}/cancel"), &json!({})).await;
    assert_eq!(status, StatusCode::CONFLICT, "it is over");
    let (status, refused) = world.post(&format!("{path}/approve"), &json!({})).await;
    assert_eq!(status, StatusCode::CONFLICT, "{refused}");
    let (status, again) = world.post(&format!("{path}/retry"), &json!({})).await;
    assert_eq!(
        (status, &again["number"], &again["jobs"][0]["attempt"]),
        (StatusCode::OK, &json!(made.number), &json!(2))
    );
    let (status, cancelled) = world.post(&format!("{path}/cancel"), &json!({})).await;
    assert_eq!((status, &cancelled["status"]), (StatusCode::OK, &json!("cancelled")));
}

#[tokio::test]
async fn pages_of_builds_have_each_build_once() {
    let world = World::start().await;
    let repository = world.repository("me/thing").await;
    for _ in 0..7 {
        world.build(&repository, "x", &["a"]).await;
    }
    let (mut path, mut seen) = ("/api/v1/repos/me/thing/builds?limit=3".to_owned(), Vec::new());
    loop {
        let answer = world.get(&path).await;
        let next = answer.headers().get("link").map(|link| link.to_str().unwrap().to_owned());
        let builds: Vec<Value> = answer.json().await.unwrap();
        seen.extend(builds.iter().map(|build| build["number"].as_u64().unwrap()));
        let Some(next) = next else { break };
        path = next.split(['<', '>']).nth(1).unwrap().to_owned();
    }
    assert_eq!(seen, [7, 6, 5, 4, 3, 2, 1]);
}

#[tokio::test]
async fn a_name_that_is_not_there_is_answered_with_those_that_are() {
    let world = World::start().await;
    let repository = world.repository("me/thing").await;
    let helps = async |path: &str| {
        let answer = world.bare(Method::GET, path).bearer_auth(TOKEN).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        let json: Value = answer.json().await.unwrap();
        json["help"].as_str().unwrap_or_default().to_owned()
    };
    let build = |rest: &str| format!("/api/v1/repos/me/thing/builds/{rest}");
    assert_eq!(helps(&build("1")).await, "it has none yet: push to it, or start one by hand");
    world.build(&repository, "quay", &["light", "lock"]).await;
    assert_eq!(helps(&build("7")).await, "the newest is build 1");
    assert_eq!(helps(&build("latest")).await, "the newest is build 1");
    assert_eq!(helps(&build("1/jobs/te%2Fts/steps/light/log")).await, "did you mean `te/st`?");
    assert_eq!(helps(&build("1/jobs/0/steps/lihgt/log")).await, "did you mean `light`?");
    assert_eq!(helps(&build("1/jobs/0/steps/99/log")).await, "it has `light`, `lock`");
}
