//! Builds that start by themselves: kept, shown, fired once.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use slipway_server::clock;

use crate::setup::{TOKEN, World};

const CRONS: &str = "/api/v1/repos/me/thing/crons";
const SETTINGS: &str = "/repos/me/thing/settings";

async fn send(world: &World, method: Method, path: &str, body: &Value) -> (StatusCode, Value) {
    let answer = world.bare(method, path).bearer_auth(TOKEN).json(body).send().await.unwrap();
    (answer.status(), serde_json::from_str(&answer.text().await.unwrap()).unwrap_or(Value::Null))
}

async fn form(world: &World, path: &str, fields: &[(&str, &str)]) -> (StatusCode, String) {
    let body = fields.iter().map(|(name, value)| format!("{name}={}", value.replace(' ', "+"))).collect::<Vec<_>>();
    let request = world.bare(Method::POST, path).bearer_auth(TOKEN);
    let answer = request.header("content-type", "application/x-www-form-urlencoded").body(body.join("&")).send();
    let answer = answer.await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

#[tokio::test]
async fn a_cron_is_set_paused_and_deleted() {
    let world = World::start().await;
    world.repository("me/thing").await;
    let path = format!("{CRONS}/nightly");
    let (status, made) = send(&world, Method::PUT, &path, &json!({"schedule": " 0 4 * * 1-5 "})).await;
    assert_eq!((status, &made["schedule"]), (StatusCode::OK, &json!("0 4 * * 1-5")), "{made}");
    assert_eq!((&made["branch"], &made["paused"], &made["last_at"]), (&Value::Null, &json!(false), &Value::Null));
    assert!(made["next_at"].as_str().unwrap().ends_with("T04:00:00.000Z"), "{made}");
    assert!(made["description"].as_str().unwrap().contains("04:00"), "{made}");
    let body = json!({"schedule": "@daily", "branch": "stable", "paused": true});
    let (_, made) = send(&world, Method::PUT, &path, &body).await;
    assert_eq!((&made["branch"], &made["next_at"]), (&json!("stable"), &Value::Null), "{made}");
    assert_eq!(world.json(CRONS).await.as_array().map(Vec::len), Some(1));

    for (name, body, says) in [
        ("nightly", json!({"schedule": "* * * *"}), "is no schedule"),
        ("nightly", json!({"schedule": "0 0 30 2 *"}), "is no schedule"),
        ("nightly", json!({"schedule": "@daily", "branch": "a\u{0}b"}), "branch"),
        ("night%20ly", json!({"schedule": "@daily"}), "is not a cron's name"),
        ("nightly", json!({"schedule": "@daily", "timezone": "UTC"}), "unknown field `timezone`"),
    ] {
        let (status, error) = send(&world, Method::PUT, &format!("{CRONS}/{name}"), &body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}: {error}");
        assert!(error.to_string().contains(says), "{body}: {error}");
    }
    let (status, near) = send(&world, Method::DELETE, &format!("{CRONS}/nihgtly"), &json!({})).await;
    assert_eq!((status, &near["help"]), (StatusCode::NOT_FOUND, &json!("did you mean `nightly`?")));
    assert_eq!(send(&world, Method::DELETE, &path, &json!({})).await.0, StatusCode::NO_CONTENT);
    assert_eq!(world.json(CRONS).await, json!([]));
}

#[tokio::test]
async fn what_is_due_is_fired_once_and_what_was_missed_is_done_once() {
    let world = World::start().await;
    let repository = world.repository("me/thing").await;
    let store = &world.server.app().store;
    send(&world, Method::PUT, &format!("{CRONS}/often"), &json!({"schedule": "*/10 * * * *"})).await;
    send(&world, Method::PUT, &format!("{CRONS}/never"), &json!({"schedule": "@hourly", "paused": true})).await;
    let first = store.next_cron().await.unwrap().unwrap();
    assert!(first > clock::now() && first <= clock::now() + 600_000);
    assert_eq!(store.fire_crons(first - 1).await.unwrap(), []);
    // Three times were missed.
    let late = first + 1_200_001;
    let fired = store.fire_crons(late).await.unwrap();
    assert_eq!(fired.len(), 1);
    assert_eq!(store.next_cron().await.unwrap(), Some(first + 1_800_000));
    assert_eq!(store.fire_crons(late).await.unwrap(), []);
    let delivery = store.delivery(fired[0]).await.unwrap().unwrap();
    assert_eq!((delivery.event.as_str(), delivery.repository), ("cron", repository.id));
    assert_eq!(delivery.body, br#"{"cron":"often","branch":null}"#);
    let pending = store.pending_deliveries().await.unwrap();
    assert_eq!(pending.iter().map(|one| one.id).collect::<Vec<_>>(), fired, "a crash loses none");
}

#[tokio::test]
async fn a_cron_that_comes_to_nothing_says_why() {
    let world = World::start().await;
    world.repository("me/thing").await;
    let (status, page) =
        form(&world, &format!("{SETTINGS}/crons"), &[("name", "nightly"), ("schedule", "soon"), ("branch", "<b>")])
            .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(page.contains("`soon` is no schedule") && page.contains("value=\"&#60;b&#62;\""), "{page}");
    let (status, _) =
        form(&world, &format!("{SETTINGS}/crons"), &[("name", "nightly"), ("schedule", "0 4 * * *"), ("branch", "")])
            .await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let (status, page) = form(&world, &format!("{SETTINGS}/crons/run"), &[("name", "nightly")]).await;
    assert_ne!(status, StatusCode::SEE_OTHER);
    assert!(page.contains("main"), "{page}");
    let list = world.json(CRONS).await;
    assert!(list[0]["problem"].as_str().unwrap().contains("main"), "{list}");
    let page = world.text(SETTINGS).await;
    assert!(page.contains("04:00</td>") && page.contains("<code title=\"At 04:00.\">0 4 * * *</code>"), "{page}");
    let page = world.text(&format!("{SETTINGS}?cron=nightly")).await;
    assert!(page.contains("Change a cron") && page.contains("value=\"0 4 * * *\""), "{page}");
    let (status, _) = form(&world, &format!("{SETTINGS}/crons/delete"), &[("name", "nightly")]).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert_eq!(world.json(CRONS).await, json!([]));
}
