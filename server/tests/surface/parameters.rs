//! Builds by hand: what they can be given, and what is refused.

use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::{
    repository::commit,
    setup::{TOKEN, World},
};

const PIPELINE: &str = "\
parameters:
  PLACE: {type: choice, options: [harbour, <sea>], description: 'Where to?'}
  LOUD: {type: bool, default: false}
  COUNT: {type: number, default: 3}
  NOTE: hello
steps:
  - {name: a, image: busybox, commands: [echo]}
";

async fn world() -> World {
    let world = World::start().await;
    world.repository("me/thing").await;
    commit(&world, "me/thing", "main", &[(".slipway.yml", PIPELINE)]);
    commit(&world, "me/thing", "plain", &[(".slipway.yml", "steps: [{name: a, image: busybox, commands: [echo]}]")]);
    commit(&world, "me/thing", "broken", &[(".slipway.yml", "parameters: {A: {type: colour}}\nsteps: []\n")]);
    world
}

async fn press(world: &World, fields: &[(&str, &str)]) -> (u16, String, String) {
    let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let form: Vec<String> = fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    let request = world.bare(Method::POST, "/repos/me/thing/builds").bearer_auth(TOKEN);
    let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let answer = request.body(form.join("&")).send().await.unwrap();
    let to = answer.headers().get(header::LOCATION).map(|to| to.to_str().unwrap().to_owned());
    (answer.status().as_u16(), to.unwrap_or_default(), answer.text().await.unwrap())
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn definitions_are_told_and_wrong_values_refused_with_all_problems() {
    let world = world().await;
    let list = world.json("/api/v1/repos/me/thing/parameters").await;
    assert_eq!(names(&list), ["PLACE", "LOUD", "COUNT", "NOTE"]);
    assert_eq!(
        list[0],
        json!({"name": "PLACE", "type": "choice", "options": ["harbour", "<sea>"], "default": null, "description": "Where to?"})
    );
    assert_eq!(world.json("/api/v1/repos/me/thing/parameters?branch=plain").await, json!([]));
    let broken = world.get("/api/v1/repos/me/thing/parameters?branch=broken").await;
    assert_eq!(broken.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(broken.text().await.unwrap().contains("colour"));
    assert_eq!(world.get("/api/v1/repos/me/thing/parameters?branch=no").await.status(), StatusCode::NOT_FOUND);

    let path = "/api/v1/repos/me/thing/builds";
    let given = json!({"COUNT": "many", "LOUD": "yes", "OTHER": "x"});
    let (status, refused) = world.post(path, &json!({"branch": "main", "parameters": given})).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
    let problems = refused["problems"].to_string();
    for name in ["COUNT", "LOUD", "OTHER", "PLACE"] {
        assert!(problems.contains(name), "{name}: {problems}");
    }
    assert_eq!(names(&refused["parameters"]), ["PLACE", "LOUD", "COUNT", "NOTE"]);
    assert_eq!(world.json(path).await, json!([]), "no build was made");

    let (status, made) = world.post(path, &json!({"branch": "main", "parameters": {"PLACE": "harbour"}})).await;
    assert_eq!((status, &made["event"]), (StatusCode::CREATED, &json!("manual")), "{made}");
    let (status, free) = world.post(path, &json!({"branch": "plain", "parameters": {"ANY": "thing"}})).await;
    assert_eq!(status, StatusCode::CREATED, "{free}");
}

#[tokio::test]
async fn the_run_page_has_a_field_for_each_parameter() {
    let world = world().await;
    let page = world.text("/repos/me/thing/run").await;
    for part in [
        "<select id=\"p.PLACE\" name=\"p.PLACE\" required>",
        "<option>&#60;sea&#62;</option>",
        "type=\"checkbox\" name=\"p.LOUD\" value=\"true\">",
        "type=\"number\"",
        "name=\"p.NOTE\" value=\"hello\"",
        "Where to?",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let plain = world.text("/repos/me/thing/run?branch=plain").await;
    assert!(plain.contains("name=\"variables\"") && !plain.contains("p.PLACE"), "{plain}");
    let missing = world.get("/repos/me/thing/run?branch=no").await;
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
    assert!(missing.text().await.unwrap().contains("there is no branch `no`"));

    let (status, to, _) = press(&world, &[("branch", "main")]).await;
    assert_eq!((status, to.as_str()), (303, "/repos/me/thing/run?branch=main"), "the short form asks first");
    let (status, _, refused) =
        press(&world, &[("branch", "main"), ("shown", "yes"), ("p.COUNT", "many"), ("p.NOTE", "mine")]).await;
    assert!(status == 422 && refused.contains("role=\"alert\"") && refused.contains("value=\"mine\""), "{refused}");
    let fields = [("branch", "main"), ("shown", "yes"), ("p.PLACE", "<sea>"), ("p.COUNT", "7"), ("p.LOUD", "true")];
    assert_eq!(press(&world, &fields).await.1, "/repos/me/thing/builds/1");
    assert_eq!(press(&world, &[("branch", "plain")]).await.1, "/repos/me/thing/builds/2", "nothing to ask");
    let (status, _, refused) = press(&world, &[("branch", "plain"), ("shown", "yes"), ("variables", "what")]).await;
    assert!(status == 422 && refused.contains("`what` is not of the form NAME=value"), "{refused}");
    assert_eq!(press(&world, &[("branch", "broken")]).await.1, "/repos/me/thing/builds/3", "its page shows the errors");
    assert!(world.text("/repos/me/thing/builds/3").await.contains("colour"));
}
