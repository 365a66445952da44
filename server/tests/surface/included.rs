//! Pipelines that include files: of their own commit, and of other repositories as far as they may.

use serde_json::{Value, json};

use crate::{repository::commit, setup::World};

const COMMON: &str = "steps:\n  - {name: common, image: busybox, commands: [echo]}\n";

async fn build(world: &World, repository: &str, include: &str) -> Value {
    let text = format!("include: {include}\nsteps:\n  - {{name: own, image: busybox, commands: [echo]}}\n");
    let files = [(".slipway.yml", text.as_str()), ("ci/common.yml", COMMON), ("ci/folder/x", "x")];
    let sha = commit(world, repository, "main", &files);
    let (status, made) = world.post(&format!("/api/v1/repos/{repository}/builds"), &json!({"branch": "main"})).await;
    assert_eq!((status.as_u16(), &made["sha"]), (201, &json!(sha)), "{made}");
    made
}

fn steps(build: &Value) -> Vec<&str> {
    let steps = build["jobs"][0]["steps"].as_array().map(Vec::as_slice).unwrap_or_default();
    steps.iter().map(|step| step["name"].as_str().unwrap()).filter(|name| *name != "clone").collect()
}

#[tokio::test]
async fn a_file_of_the_same_commit_is_merged_and_one_that_is_not_there_is_an_error_at_its_line() {
    let world = World::start().await;
    world.repository("me/thing").await;
    let made = build(&world, "me/thing", "ci/common.yml").await;
    let found = steps(&made);
    assert!(found.ends_with(&["common", "own"]), "{found:?} {made}");
    for (include, says) in [
        ("ci/missing.yml", "has no file `ci/missing.yml`"),
        ("ci/folder", "`ci/folder` is a folder"),
        ("../../../etc/passwd", "../../../etc/passwd"),
    ] {
        let made = build(&world, "me/thing", include).await;
        let text = made["diagnostics"].as_str().unwrap();
        assert_eq!((&made["status"], &made["reason"]), (&json!("error"), &json!("config")), "{include}: {made}");
        assert!(text.contains(says) && text.contains(".slipway.yml:1:"), "{include}: {text}");
    }
}

#[tokio::test]
async fn another_repository_is_included_at_a_ref_if_it_may_be_read() {
    let world = World::start().await;
    for name in ["me/thing", "me/shared", "you/hidden", "you/open"] {
        world.repository(name).await;
    }
    let made = world.post("/api/v1/repos", &json!({"owner": "you", "name": "public", "private": false})).await;
    assert_eq!(made.0.as_u16(), 201, "{}", made.1);
    let first = commit(&world, "me/shared", "main", &[("ci.yml", COMMON)]);
    commit(&world, "me/shared", "main", &[("ci.yml", "steps: [{name: second, image: busybox, commands: [echo]}]")]);
    commit(&world, "you/hidden", "main", &[("ci.yml", COMMON)]);
    commit(&world, "you/public", "main", &[("ci.yml", COMMON)]);
    for (include, expected) in [
        ("{file: ci.yml, repo: me/shared}".to_owned(), "second"),
        ("{file: ci.yml, repo: me/shared, ref: main}".to_owned(), "second"),
        (format!("{{file: ci.yml, repo: me/shared, ref: {first}}}"), "common"),
        ("{file: ci.yml, repo: you/public}".to_owned(), "common"),
    ] {
        let made = build(&world, "me/thing", &include).await;
        let found = steps(&made);
        assert!(found.ends_with(&[expected, "own"]), "{include}: {found:?} {}", made["diagnostics"]);
    }
    let refusal = async |repository: &str| {
        let made = build(&world, "me/thing", &format!("{{file: ci.yml, repo: {repository}}}")).await;
        assert_eq!(made["reason"], json!("config"), "{made}");
        made["diagnostics"].as_str().unwrap().replace(repository, "X")
    };
    let (hidden, missing) = (refusal("you/hidden").await, refusal("you/nosuch").await);
    assert!(hidden.contains("there is no repository"), "{hidden}");
    let first_line = |text: &str| text.lines().next().unwrap().to_owned();
    assert_eq!(first_line(&hidden), first_line(&missing), "nobody learns which private repositories there are");
    for (revision, says) in [("nope", "no branch, tag or commit `nope`"), (&"a".repeat(40), "no branch, tag or commit")]
    {
        let made = build(&world, "me/thing", &format!("{{file: ci.yml, repo: me/shared, ref: {revision}}}")).await;
        assert!(made["diagnostics"].as_str().unwrap().contains(says), "{made}");
    }
}
