//! Entries of caches: listed, deleted one by one and all at once, by program and by hand.

use reqwest::{Method, StatusCode};
use slipway_server::store::model::{NewCached, Repository};
use uuid::Uuid;

use crate::setup::{TOKEN, World};

const PATH: &str = "/api/v1/repos/me/thing/caches";

async fn add(world: &World, repository: &Repository, key: &str, problem: Option<&str>) -> Uuid {
    let new = NewCached {
        id: Uuid::now_v7(),
        repository: repository.id,
        scope: "main".into(),
        key: key.into(),
        form: "f".into(),
        bytes: if problem.is_some() { 0 } else { 12_345_678 },
        sha256: if problem.is_some() { String::new() } else { "5".repeat(64) },
        problem: problem.map(str::to_owned),
    };
    let id = new.id;
    assert_eq!(world.server.app().store.put_cache(new, 1 << 30).await.unwrap(), [] as [Uuid; 0]);
    id
}

async fn delete(world: &World, path: &str) -> StatusCode {
    world.bare(Method::DELETE, path).bearer_auth(TOKEN).send().await.unwrap().status()
}

#[tokio::test]
async fn entries_are_listed_and_deleted() {
    let world = World::start().await;
    let repository = world.repository("me/thing").await;
    let other = world.repository("me/other").await;
    let id = add(&world, &repository, "gems-1", None).await;
    add(&world, &repository, "gems-2", Some("it is too large")).await;
    let foreign = add(&world, &other, "gems-1", None).await;
    let list = world.json(PATH).await;
    let mut list = list.as_array().unwrap().clone();
    list.sort_by_key(|entry| entry["key"].to_string());
    assert_eq!(list.len(), 2);
    let names = ["created_at", "id", "key", "problem", "scope", "sha256", "size", "used_at"];
    assert_eq!(list[0].as_object().unwrap().keys().collect::<Vec<_>>(), names);
    assert_eq!((list[0]["key"].as_str(), list[0]["size"].as_u64()), (Some("gems-1"), Some(12_345_678)));
    assert_eq!((list[0]["scope"].as_str(), list[0]["problem"].as_str()), (Some("main"), None));
    assert_eq!((list[1]["problem"].as_str(), list[1]["sha256"].as_str()), (Some("it is too large"), None));

    for wrong in [foreign.to_string(), "x".to_owned(), Uuid::nil().to_string()] {
        assert_eq!(delete(&world, &format!("{PATH}/{wrong}")).await, StatusCode::NOT_FOUND);
    }
    assert_eq!(delete(&world, &format!("{PATH}/{id}")).await, StatusCode::NO_CONTENT);
    assert_eq!(delete(&world, &format!("{PATH}/{id}")).await, StatusCode::NOT_FOUND);
    assert_eq!(world.json(PATH).await.as_array().unwrap().len(), 1);
    assert_eq!(delete(&world, PATH).await, StatusCode::NO_CONTENT);
    assert_eq!(world.json(PATH).await.as_array().unwrap().len(), 0);
    assert_eq!(world.json("/api/v1/repos/me/other/caches").await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_settings_show_entries_with_a_button_that_deletes() {
    let world = World::start().await;
    let repository = world.repository("me/thing").await;
    let page = "/repos/me/thing/settings";
    assert!(!world.text(page).await.contains("id=\"caches\""), "nothing to show");
    let id = add(&world, &repository, "gems-<1>", None).await;
    add(&world, &repository, "gems-2", Some("it is too large")).await;
    let text = world.text(page).await;
    for part in ["gems-&#60;1&#62;", "12.3 MB", "it is too large", &id.to_string()] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let form = format!("id={id}");
    let request = world.bare(Method::POST, &format!("{page}/caches/delete")).bearer_auth(TOKEN);
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
    let answer = request.send().await.unwrap();
    assert!(answer.status().is_redirection() || answer.status().is_success(), "{}", answer.status());
    assert!(!world.text(page).await.contains(&id.to_string()));
}
