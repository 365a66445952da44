//! Lists of builds: filtered and paged. Deliveries: shown and worked on again.

use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::{
    home::{build_of, push},
    repository::commit,
    setup::{TOKEN, World},
};

fn numbers(list: &Value) -> Vec<u64> {
    list.as_array().unwrap().iter().map(|build| build["number"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn builds_are_filtered_by_branch_event_status_and_author() {
    let world = World::start().await;
    let lights = world.repository("harbour/lights").await;
    for (branch, author) in [("main", "Ada"), ("fog & mist", "Bo Ek"), ("main", "Bo Ek"), ("main", "Ada")] {
        let mut trigger = push(branch, "x");
        trigger.author.name = author.to_owned();
        build_of(&world, &lights, trigger).await;
    }
    let first = world.server.app().store.builds(lights.id, None, 9).await.unwrap().pop().unwrap();
    world.server.app().cancel_build(first.id, "me").await.unwrap();
    let api = "/api/v1/repos/harbour/lights/builds";
    for (query, wanted) in [
        ("", vec![4, 3, 2, 1]),
        ("branch=main", vec![4, 3, 1]),
        ("branch=main&author=Ada&status=", vec![4, 1]),
        ("status=cancelled", vec![1]),
        ("status=pending&branch=fog%20%26%20mist", vec![2]),
        ("event=tag", vec![]),
        ("event=push&author=Bo+Ek&before=3", vec![2]),
        ("branch=' OR 1=1 --", vec![]),
    ] {
        assert_eq!(numbers(&world.json(&format!("{api}?{query}")).await), wanted, "{query}");
        let page = world.text(&format!("/repos/harbour/lights?{query}")).await;
        let shown: Vec<u64> =
            (1..=4).rev().filter(|n| page.contains(&format!("data-key=\"harbour/lights#{n}\""))).collect();
        assert_eq!(shown, wanted, "page: {query}");
    }
    let answer = world.get(&format!("{api}?branch=main&limit=1&author=Ada")).await;
    let next = answer.headers()[header::LINK].to_str().unwrap().to_owned();
    assert_eq!(next, "</api/v1/repos/harbour/lights/builds?before=4&limit=1&branch=main&author=Ada>; rel=\"next\"");
    for (query, help) in [("status=sucess", "did you mean `success`?"), ("event=psuh", "did you mean `push`?")] {
        let answer = world.get(&format!("{api}?{query}")).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
        assert_eq!(answer.json::<Value>().await.unwrap()["help"], json!(help));
    }
    let page = world.text("/repos/harbour/lights?status=success&branch=%3Cb%3E").await;
    assert!(page.contains("No build fits the filter.") && page.contains("value=\"&#60;b&#62;\""), "{page}");
}

#[tokio::test]
async fn the_past_is_a_picture_made_here() {
    let world = World::start().await;
    let lights = world.repository("harbour/lights").await;
    for _ in 0..3 {
        let build = build_of(&world, &lights, push("main", "x")).await;
        world.server.app().cancel_build(build.id, "me").await.unwrap();
    }
    let page = world.text("/repos/harbour/lights").await;
    assert!(page.contains("Last 3 builds") && page.matches("<rect class=\"s-cancelled\"").count() == 3, "{page}");
    assert!(page.contains("<title>#2 cancelled</title>"), "{page}");
}

#[tokio::test]
async fn a_delivery_is_shown_and_worked_on_again() {
    let world = World::start().await;
    let body = json!({"owner": "me", "name": "thing", "forge": "generic", "clone_url": "https://127.0.0.1:1/me/thing"});
    let (_, made) = world.post("/api/v1/repos", &body).await;
    let (hook, secret) = (made["webhook_url"].as_str().unwrap(), made["webhook_secret"].as_str().unwrap());
    let payload = json!({"ref": "refs/notes/x", "before": "0".repeat(40), "after": "1".repeat(40)}).to_string();
    let signature = {
        use hmac::{Hmac, KeyInit, Mac};
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(payload.as_bytes());
        hex::encode(mac.finalize().into_bytes())
    };
    let sent = world.client.post(hook).header("X-Slipway-Signature", format!("sha256={signature}"));
    let sent = sent.header("X-Slipway-Delivery", "d1<i>").header(header::USER_AGENT, "harbour-hook/1").body(payload);
    let answer = sent.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK, "{}", answer.text().await.unwrap());

    let api = "/api/v1/repos/me/thing/deliveries";
    let list = world.json(api).await;
    assert_eq!((list.as_array().unwrap().len(), &list[0]["state"]), (1, &json!("ignored")), "{list}");
    let id = list[0]["id"].as_str().unwrap().to_owned();
    let whole = world.json(&format!("{api}/{id}")).await;
    assert!(whole["body"].as_str().unwrap().contains("refs/notes/x"), "{whole}");
    assert!(whole["headers"].to_string().contains("harbour-hook/1"), "{whole}");
    let settings = "/repos/me/thing/settings/deliveries";
    let page = world.text(&format!("{settings}/{id}")).await;
    assert!(page.contains("d1&#60;i&#62;") && page.contains("harbour-hook/1") && !page.contains(&signature), "{page}");

    let press = world.bare(Method::POST, &format!("{settings}/{id}/replay")).bearer_auth(TOKEN).send().await.unwrap();
    assert_eq!(press.status(), StatusCode::SEE_OTHER);
    let to = press.headers()[header::LOCATION].to_str().unwrap().to_owned();
    assert!(to.starts_with(settings) && !to.ends_with(&id), "{to}");
    assert!(world.text(&to).await.contains("replay-"));
    let (status, again) = world.post(&format!("{api}/{id}/replay"), &json!({})).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{again}");
    let first = world.json(&format!("{api}?limit=1")).await;
    assert_eq!(first[0]["id"], again["id"]);
    let older = world.json(&format!("{api}?before={}", again["id"].as_str().unwrap())).await;
    assert_eq!(older.as_array().unwrap().len(), 2);
    assert!(world.text(settings).await.matches("neither").count() >= 1);
    world.repository("me/other").await;
    assert_eq!(world.get(&format!("/api/v1/repos/me/other/deliveries/{id}")).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(world.get(&format!("{api}/x")).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_push_that_is_replayed_makes_another_build() {
    let world = World::start().await;
    let lights = world.repository("harbour/lights").await;
    let sha =
        commit(&world, "harbour/lights", "main", &[(".slipway.yml", "steps: [{name: a, image: b, commands: [c]}]")]);
    let pushed = json!({"ref": "refs/heads/main", "before": null, "after": sha, "pusher": "ada", "skip": null});
    let new = slipway_server::store::model::NewDelivery {
        repository: lights.id,
        forge: lights.forge,
        forge_id: "one".to_owned(),
        event: "push".to_owned(),
        body: pushed.to_string().into_bytes(),
        headers: Vec::new(),
    };
    world.server.app().store.store_delivery(new).await.unwrap();
    let list = world.json("/api/v1/repos/harbour/lights/deliveries").await;
    let id = list[0]["id"].as_str().unwrap().to_owned();
    let mut news = world.server.app().news.subscribe();
    let (status, _) = world.post(&format!("/api/v1/repos/harbour/lights/deliveries/{id}/replay"), &json!({})).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    tokio::time::timeout(std::time::Duration::from_secs(20), news.recv()).await.unwrap().unwrap();
    assert_eq!(numbers(&world.json("/api/v1/repos/harbour/lights/builds").await), [1]);
    let list = world.json("/api/v1/repos/harbour/lights/deliveries").await;
    assert_eq!((&list[0]["state"], &list[0]["build"]), (&json!("built"), &json!(1)), "{list}");
}

#[tokio::test]
async fn the_default_branch_and_the_badge_are_in_the_settings() {
    let world = World::start().await;
    world.repository("me/thing").await;
    let send = async |branch: &str| {
        let request = world.bare(Method::POST, "/repos/me/thing/settings/general").bearer_auth(TOKEN);
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = request.body(format!("default_branch={branch}")).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(send("trunk").await.0, 303);
    let (status, refused) = send("a%20b").await;
    assert!(status == 400 && refused.contains("role=\"alert\"") && refused.contains("is not a branch"), "{refused}");
    assert_eq!(world.json("/api/v1/repos/me/thing").await["default_branch"], json!("trunk"));
    let page = world.text("/repos/me/thing/settings").await;
    let markdown = format!("[![build status]({0}/badges/me/thing.svg)]({0}/repos/me/thing)", world.server.url());
    assert!(page.contains(&markdown) && page.contains("value=\"trunk\""), "{page}");
}
