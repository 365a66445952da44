//! Secrets, registries and trust: they come in, and nothing but their names goes out.

use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::setup::{TOKEN, World};

const VALUE: &str = "hunter2-is-not-in-any-answer";

async fn send(world: &World, method: Method, path: &str, body: &Value) -> (StatusCode, Value) {
    let answer = world.bare(method, path).bearer_auth(TOKEN).json(body).send().await.unwrap();
    let (status, text) = (answer.status(), answer.text().await.unwrap());
    assert!(!text.contains(VALUE), "{path}: {text}");
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

#[tokio::test]
async fn a_secret_is_set_replaced_and_deleted_and_its_value_never_comes_back() {
    let world = World::start().await;
    world.repository("me/thing").await;
    let path = "/api/v1/repos/me/thing/secrets";
    let (status, made) = send(&world, Method::PUT, &format!("{path}/NPM_Token"), &json!({"value": VALUE})).await;
    assert_eq!((status, &made["name"]), (StatusCode::OK, &json!("npm_token")), "{made}");
    let events: Vec<&str> = made["events"].as_array().unwrap().iter().map(|event| event.as_str().unwrap()).collect();
    assert!(events.contains(&"push") && !events.iter().any(|event| event.starts_with("pull_request")), "{events:?}");
    assert!(made["updated_at"].as_str().unwrap().ends_with('Z'));

    let body = json!({"value": VALUE, "events": ["tag"], "images": ["plugins/npm"]});
    let (status, again) = send(&world, Method::PUT, &format!("{path}/npm_token"), &body).await;
    assert_eq!(
        (status, &again["events"], &again["images"]),
        (StatusCode::OK, &json!(["tag"]), &json!(["plugins/npm"]))
    );
    let list = world.json(path).await;
    assert_eq!(list.as_array().map(Vec::len), Some(1), "{list}");
    assert_eq!(list[0].as_object().unwrap().keys().collect::<Vec<_>>(), ["events", "images", "name", "updated_at"]);

    let (status, near) = send(&world, Method::DELETE, &format!("{path}/npm_tokne"), &json!({})).await;
    assert_eq!((status, &near["help"]), (StatusCode::NOT_FOUND, &json!("did you mean `npm_token`?")));
    assert_eq!(send(&world, Method::DELETE, &format!("{path}/NPM_TOKEN"), &json!({})).await.0, StatusCode::NO_CONTENT);
    assert_eq!(world.json(path).await, json!([]));
}

#[tokio::test]
async fn what_is_no_secret_or_registry_is_refused_without_repeating_the_value() {
    let world = World::start().await;
    world.repository("me/thing").await;
    let base = "/api/v1/repos/me/thing";
    let long = "x".repeat(64 * 1024 + 1);
    for (path, body, status, says) in [
        ("secrets/a%20b", json!({"value": VALUE}), 400, "`a b` is not a secret's name"),
        ("secrets/a%2Fb", json!({"value": VALUE}), 400, "`a/b` is not a secret's name"),
        ("secrets/x", json!({"value": ""}), 400, "the value is empty"),
        ("secrets/x", json!({"value": long}), 400, "65537 bytes"),
        ("secrets/x", json!({"value": VALUE, "events": ["pul_request"]}), 400, "unknown event `pul_request`"),
        ("secrets/x", json!({"value": VALUE, "images": ["a b"]}), 400, "`a b` is not an image"),
        ("secrets/x", json!({"value": VALUE, "event": "push"}), 400, "unknown field `event`"),
        ("secrets/x", json!({"value": [VALUE]}), 400, "no JSON of the right form"),
        ("secrets/x", json!({VALUE.to_owned(): 1, "value": {"a": VALUE}}), 400, ""),
        ("secrets/x", json!({}), 400, "missing field `value`"),
        ("registries/https:%2F%2Fx", json!({"username": "u", "password": VALUE}), 400, "is not the host"),
        ("registries/x.example:0", json!({"username": "u", "password": VALUE}), 400, "is not the host"),
        ("registries/x.example", json!({"username": "", "password": VALUE}), 400, "`username` is empty"),
        ("registries/x.example", json!({"username": "u", "password": ""}), 400, "the password is empty"),
    ] {
        let answer = world.bare(Method::PUT, &format!("{base}/{path}")).bearer_auth(TOKEN).json(&body);
        let answer = answer.send().await.unwrap();
        let (seen, text) = (answer.status().as_u16(), answer.text().await.unwrap());
        assert_eq!(seen, status, "{path}: {text}");
        assert!(text.contains(says), "{path}: {text}");
        assert!(body.get(VALUE).is_some() || !text.contains(VALUE), "{path}: {text}");
    }
    assert_eq!(world.json(&format!("{base}/secrets")).await, json!([]));
    let (status, unknown) =
        send(&world, Method::PUT, "/api/v1/repos/no/such/secrets/x", &json!({"value": VALUE})).await;
    assert_eq!((status, &unknown["error"]), (StatusCode::NOT_FOUND, &json!("there is no repository `no/such`")));
}

#[tokio::test]
async fn registries_and_trust_are_kept_by_repository() {
    let world = World::start().await;
    world.repository("me/thing").await;
    world.repository("me/other").await;
    let path = "/api/v1/repos/me/thing/registries";
    let body = json!({"username": "robot", "password": VALUE});
    let (status, made) = send(&world, Method::PUT, &format!("{path}/Registry.Example:5000"), &body).await;
    assert_eq!(
        (status, &made["host"], &made["username"]),
        (StatusCode::OK, &json!("registry.example:5000"), &json!("robot"))
    );
    assert_eq!(
        world.json(path).await[0].as_object().unwrap().keys().collect::<Vec<_>>(),
        ["host", "updated_at", "username"]
    );
    assert_eq!(world.json("/api/v1/repos/me/other/registries").await, json!([]));
    let (status, _) = send(&world, Method::DELETE, &format!("{path}/registry.example:5000"), &json!({})).await;
    assert_eq!(status, StatusCode::NO_CONTENT);

    let repository = "/api/v1/repos/me/thing";
    let nothing = json!({"network": false, "volumes": false, "security": false});
    assert_eq!(world.json(repository).await["trusted"], nothing);
    let (_, changed) = send(&world, Method::PATCH, repository, &json!({"trusted": {"volumes": true}})).await;
    assert_eq!(changed["trusted"], json!({"network": false, "volumes": true, "security": false}));
    let (_, changed) = send(&world, Method::PATCH, repository, &json!({"trusted": {"security": true}})).await;
    assert_eq!(changed["trusted"], json!({"network": false, "volumes": true, "security": true}));
    assert_eq!(world.json("/api/v1/repos/me/other").await["trusted"], nothing);
    let (status, odd) = send(&world, Method::PATCH, repository, &json!({"trusted": {"root": true}})).await;
    assert!(status == StatusCode::BAD_REQUEST && odd["error"].as_str().unwrap().contains("`root`"), "{odd}");
}

#[tokio::test]
async fn registries_of_all_repositories_have_an_api_and_a_page() {
    let world = World::start().await;
    world.repository("me/thing").await;
    let path = "/api/v1/registries";
    let body = json!({"username": "robot", "password": VALUE});
    let (status, made) = send(&world, Method::PUT, &format!("{path}/Index.Docker.IO"), &body).await;
    assert_eq!((status, &made["host"], &made["username"]), (StatusCode::OK, &json!("docker.io"), &json!("robot")));
    assert_eq!(world.json(path).await.as_array().map(Vec::len), Some(1));
    assert_eq!(world.json("/api/v1/repos/me/thing/registries").await, json!([]), "it is no repository's");
    let (status, odd) = send(&world, Method::PUT, &format!("{path}/a%20b"), &body).await;
    assert!(status == 400 && odd["error"].as_str().unwrap().contains("`a b` is not the host"), "{odd}");
    assert_eq!(world.bare(Method::GET, path).send().await.unwrap().status(), 401, "not without a token");

    let page = "/settings/registries";
    let shown = world.text(page).await;
    assert!(shown.contains("docker.io") && shown.contains("robot") && !shown.contains(VALUE), "{shown}");
    let filled = world.text(&format!("{page}?registry=docker.io")).await;
    assert!(filled.contains("value=\"docker.io\"") && filled.contains("readonly"), "{filled}");
    assert!(world.text("/settings").await.contains(page), "the settings lead there");
    let press = async |path: &str, form: String| {
        let request = world.bare(Method::POST, &format!("{page}{path}")).bearer_auth(TOKEN);
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = request.body(form).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(press("", format!("host=r.example&username=me&password={VALUE}")).await.0, 303);
    let (status, refused) = press("", format!("host=r.example%2Fx&username=me&password={VALUE}")).await;
    assert!(status == 400 && refused.contains("role=\"alert\"") && !refused.contains(VALUE), "{refused}");
    for _ in 0..2 {
        assert_eq!(press("/delete", "host=docker.io".to_owned()).await.0, 303, "gone is gone");
    }
    let left = world.json(path).await;
    assert_eq!((left.as_array().unwrap().len(), &left[0]["host"]), (1, &json!("r.example")));
    let (status, near) = send(&world, Method::DELETE, &format!("{path}/r.exampel"), &json!({})).await;
    assert_eq!((status, &near["help"]), (StatusCode::NOT_FOUND, &json!("did you mean `r.example`?")));
}

#[tokio::test]
async fn settings_are_plain_forms_that_show_no_value() {
    let world = World::start().await;
    world.repository("me/thing").await;
    let page = "/repos/me/thing/settings";
    let press = async |path: &str, fields: &[(&str, &str)]| {
        let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
        let form: Vec<String> =
            fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        let request = world.bare(Method::POST, &format!("{page}{path}")).bearer_auth(TOKEN);
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = request.body(form.join("&")).send().await.unwrap();
        let to = answer.headers().get(header::LOCATION).map(|to| to.to_str().unwrap().to_owned());
        (answer.status().as_u16(), to.unwrap_or_default(), answer.text().await.unwrap())
    };
    let key = "-----BEGIN\r\nhunter2-is-not-in-any-answer\r\n-----END\r\n";
    let fields =
        [("name", "Deploy_Key"), ("value", key), ("events", "tag"), ("events", "push"), ("images", "a/b\r\nc/d:1")];
    let (status, to, _) = press("/secrets", &fields).await;
    assert_eq!((status, to.as_str()), (303, "/repos/me/thing/settings#secrets"));
    let shown = world.text(page).await;
    assert!(shown.contains("deploy_key") && shown.contains("tag, push") && shown.contains("a/b, c/d:1"), "{shown}");
    assert!(!shown.contains(VALUE));
    let filled = world.text(&format!("{page}?secret=deploy_key")).await;
    assert!(
        filled.contains("value=\"deploy_key\"") && filled.contains("readonly") && !filled.contains(VALUE),
        "{filled}"
    );
    assert!(filled.contains("value=\"tag\" checked") && !filled.contains("value=\"manual\" checked"), "{filled}");

    let (status, _, refused) = press("/secrets", &[("name", "a b<i>"), ("value", VALUE), ("events", "tag")]).await;
    assert!(
        status == 400 && refused.contains("role=\"alert\"") && refused.contains("is not a secret&#39;s name"),
        "{refused}"
    );
    assert!(
        refused.contains("value=\"a b&#60;i&#62;\"") && !refused.contains(VALUE),
        "what was typed stays, but for the value"
    );
    let (status, _, refused) = press("/secrets", &[("name", "x"), ("value", VALUE)]).await;
    assert!(status == 400 && refused.contains("no build could have the secret"), "{refused}");

    let (status, ..) = press("/registries", &[("host", "r.example"), ("username", "robot"), ("password", VALUE)]).await;
    assert_eq!(status, 303);
    assert_eq!(press("/trust", &[("network", "true")]).await.0, 303);
    let shown = world.text(page).await;
    assert!(shown.contains("r.example") && shown.contains("name=\"network\" value=\"true\" checked"), "{shown}");
    assert!(!shown.contains("name=\"volumes\" value=\"true\" checked") && !shown.contains(VALUE));
    assert_eq!(press("/trust", &[]).await.0, 303);
    assert_eq!(
        world.json("/api/v1/repos/me/thing").await["trusted"]["network"],
        json!(false),
        "not ticked is taken away"
    );

    for _ in 0..2 {
        assert_eq!(press("/secrets/delete", &[("name", "deploy_key")]).await.0, 303, "gone is gone");
        assert_eq!(press("/registries/delete", &[("host", "r.example")]).await.0, 303);
    }
    let shown = world.text(page).await;
    assert!(!shown.contains("deploy_key") && !shown.contains("r.example"), "{shown}");
}
