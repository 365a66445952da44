//! Running builds again: what a person or program can choose.

use std::collections::BTreeMap;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use slipway_pipelines::{
    compile::Compilation,
    state::{Finish, Reason},
};
use slipway_server::store::model::{BuildContent, NewBuild, Repository};

use crate::setup::{TOKEN, World, job, trigger};

const BUILD: &str = "/repos/me/thing/builds/1";

/// Jobs `lint`, `build` and `deploy`, which needs both.
async fn make(world: &World, repository: &Repository) {
    let named = |name: &str, needs: &[usize]| {
        let mut job = job(&["step"]);
        job.name = name.to_owned();
        job.needs = needs.to_vec();
        job
    };
    let jobs = vec![named("lint", &[]), named("build", &[]), named("deploy", &[0, 1])];
    let compilation = Compilation { jobs, ..Compilation::default() };
    let content = BuildContent { compilation, diagnostics_text: String::new(), fault: Reason::Config };
    let new = NewBuild { repository: repository.id, trigger: trigger("x"), parent: None, delivery: None };
    world.server.app().store.create_build(new, move |_| content).await.unwrap();
}

async fn attempts(world: &World) -> BTreeMap<String, u64> {
    let build: Value = world.json(&format!("/api/v1{BUILD}")).await;
    let jobs = build["jobs"].as_array().unwrap();
    jobs.iter().map(|job| (job["name"].as_str().unwrap().to_owned(), job["attempt"].as_u64().unwrap())).collect()
}

fn counts(lint: u64, build: u64, deploy: u64) -> BTreeMap<String, u64> {
    [("lint", lint), ("build", build), ("deploy", deploy)].map(|(name, count)| (name.to_owned(), count)).into()
}

#[tokio::test]
async fn what_runs_again_is_chosen() {
    let world = World::start().await;
    let repository = world.repository("me/thing").await;
    make(&world, &repository).await;
    let runner = world.runner().await;
    // `lint` first, since it is the first that waits.
    for code in [0, 1] {
        let claim = runner.take().await;
        runner.started(claim, 0).await;
        runner.ended(claim, 0, Finish::exit(code), 0).await;
        runner.finished(claim, Finish::exit(code)).await;
    }
    let page = world.text(BUILD).await;
    assert!(page.contains("<p>1 of 3 jobs failed</p>"), "{page}");
    for button in ["retry?what=failed", "retry?what=all", "retry?what=job&#38;job=deploy"] {
        assert!(page.contains(&format!("action=\"{BUILD}/{button}\"")), "{button}: {page}");
    }
    let retry = format!("/api/v1{BUILD}/retry");
    for (body, status, said) in [
        (json!({"what": "everything"}), StatusCode::BAD_REQUEST, "unknown variant"),
        (json!({"what": "job"}), StatusCode::BAD_REQUEST, "no job is named"),
        (json!({"what": "all", "job": "lint"}), StatusCode::BAD_REQUEST, "a job is named"),
        (json!({"what": "job", "job": "nobody"}), StatusCode::NOT_FOUND, "no job `nobody`"),
    ] {
        let (answered, error) = world.post(&retry, &body).await;
        assert_eq!(answered, status, "{body}: {error}");
        assert!(error.to_string().contains(said), "{body}: {error}");
    }
    assert_eq!(attempts(&world).await, counts(1, 1, 1), "nothing has run again");

    let (status, build) = world.post(&retry, &json!({"what": "failed"})).await;
    assert_eq!((status, &build["number"]), (StatusCode::OK, &json!(1)), "{build}");
    assert_eq!(attempts(&world).await, counts(1, 2, 2));
    let cancel = async || world.post("/api/v1/repos/me/thing/builds/1/cancel", &json!({})).await;
    assert_eq!(cancel().await.0, StatusCode::OK);
    let (status, _) = world.post(&retry, &json!({"what": "job", "job": "lint"})).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(attempts(&world).await, counts(2, 3, 3), "deploy needs it, and build as well, which did not end well");
    assert_eq!(cancel().await.0, StatusCode::OK);
    let button = world.bare(Method::POST, &format!("{BUILD}/retry?what=all")).bearer_auth(TOKEN).send().await.unwrap();
    assert_eq!((button.status(), &button.headers()["location"]), (StatusCode::SEE_OTHER, &BUILD.parse().unwrap()));
    assert_eq!(attempts(&world).await, counts(3, 4, 4));
    let wrong = world.bare(Method::POST, &format!("{BUILD}/retry?what=job")).bearer_auth(TOKEN).send().await.unwrap();
    assert_eq!(wrong.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn what_a_build_was_compiled_to_can_be_read() {
    let world = World::start().await;
    let repository = world.repository("me/thing").await;
    make(&world, &repository).await;
    let plans = world.json(&format!("/api/v1{BUILD}/plan")).await;
    assert_eq!(plans[2]["needs"], json!(["lint", "build"]), "{plans}");
    assert_eq!(plans[2]["plan"]["steps"][0]["name"], "step");
    assert!(world.text(&format!("{BUILD}/pipeline")).await.contains("does not have the commit any more"));
    let missing = world.get(&format!("/api/v1{BUILD}/pipeline")).await;
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
}
