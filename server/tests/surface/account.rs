//! Tokens, sessions and the settings in force.

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::setup::{TOKEN, World};

async fn send(world: &World, method: Method, path: &str, body: &Value) -> Response {
    world.bare(method, path).bearer_auth(TOKEN).json(body).send().await.unwrap()
}

#[tokio::test]
async fn tokens_are_made_shown_once_and_taken_back() {
    let world = World::start().await;
    let made =
        send(&world, Method::POST, "/api/v1/tokens", &json!({"name": "deploy", "kind": "admin", "days": 7})).await;
    assert_eq!(made.status(), StatusCode::CREATED);
    let made: Value = made.json().await.unwrap();
    let text = made["token"].as_str().unwrap().to_owned();
    assert!(text.starts_with("slp_") && text.len() > 60);
    assert!(made["expires_at"].is_string());
    let works = async || world.bare(Method::GET, "/api/v1/repos").bearer_auth(&text).send().await.unwrap().status();
    assert_eq!(works().await, StatusCode::OK);

    let list = world.text("/api/v1/tokens").await;
    assert!(list.contains("\"deploy\"") && !list.contains(&text), "{list}");
    let page = world.text("/settings").await;
    assert!(page.contains(">deploy") && !page.contains(&text), "{page}");

    let again = send(&world, Method::POST, "/api/v1/tokens", &json!({"name": "deploy", "kind": "admin"})).await;
    assert_eq!(again.status(), StatusCode::CONFLICT);
    for (wrong, what) in [
        (json!({"name": "", "kind": "admin"}), "no name"),
        (json!({"name": "x", "kind": "root"}), "no kind of token"),
        (json!({"name": "x", "kind": "admin", "days": 0}), "1 to 3650 days"),
        (json!({"name": "x", "kind": "admin", "day": 1}), "unknown field"),
    ] {
        let answer = send(&world, Method::POST, "/api/v1/tokens", &wrong).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{wrong}");
        let said = answer.text().await.unwrap();
        assert!(said.contains(what), "{said}");
    }

    let id = made["id"].as_str().unwrap();
    let gone = send(&world, Method::DELETE, &format!("/api/v1/tokens/{id}"), &Value::Null).await;
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    assert_eq!(works().await, StatusCode::UNAUTHORIZED);
    let gone = send(&world, Method::DELETE, &format!("/api/v1/tokens/{id}"), &Value::Null).await;
    assert_eq!(gone.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_last_token_that_never_ends_stays() {
    let world = World::start().await;
    let ends =
        send(&world, Method::POST, "/api/v1/tokens", &json!({"name": "short", "kind": "admin", "days": 1})).await;
    assert_eq!(ends.status(), StatusCode::CREATED);
    let list = world.json("/api/v1/tokens").await;
    let own = list.as_array().unwrap().iter().find(|one| one["name"] == "admin" && one["kind"] == "admin").unwrap();
    let path = format!("/api/v1/tokens/{}", own["id"].as_str().unwrap());
    let answer = send(&world, Method::DELETE, &path, &Value::Null).await;
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    assert!(answer.text().await.unwrap().contains("make another one first"));
}

#[tokio::test]
async fn the_settings_in_force_are_shown_without_secrets() {
    let world = World::start().await;
    let settings = world.json("/api/v1/settings").await;
    assert_eq!(settings["settings"]["--artifact-limit"], "1.0 GiB", "{settings}");
    let page = world.text("/settings").await;
    assert!(page.contains("<code>--artifact-retention</code>") && page.contains("30 days"), "{page}");
}
