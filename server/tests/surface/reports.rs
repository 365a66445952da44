//! Tests and coverage over HTTP: the API and the pages.

use serde_json::{Value, json};
use slipway_pipelines::{
    compile::Compilation,
    lease::Claim,
    plan::{Report, ReportKind},
    state::{Finish, Reason},
    wire::{ReportContent, ReportPart, Reported, TestCase, TestOutcome},
};
use slipway_server::store::model::{BuildContent, NewBuild, Repository};

use crate::setup::{World, job, trigger};

async fn reported(world: &World, repository: &Repository, cases: Vec<TestCase>) {
    let mut job = job(&["spec"]);
    let step = std::sync::Arc::make_mut(&mut job.plan.steps[0]);
    step.files.reports = vec![Report { kind: ReportKind::Junit, paths: vec!["*".to_owned()] }];
    let compilation = Compilation { jobs: vec![job], ..Compilation::default() };
    let content = BuildContent { compilation, diagnostics_text: String::new(), fault: Reason::Config };
    let new = NewBuild { repository: repository.id, trigger: trigger("x"), parent: None, delivery: None };
    world.server.app().store.create_build(new, move |_| content).await.unwrap();
    let runner = world.runner().await;
    let claim: Claim = runner.take().await;
    runner.started(claim, 0).await;
    let content = ReportContent::Tests(cases);
    let report = ReportPart { step: 0, tries: 0, kind: ReportKind::Junit, path: "r.xml".to_owned(), part: 0, content };
    world.server.app().store.take_report(Reported { claim, report }).await.unwrap();
    runner.ended(claim, 0, Finish::exit(1), 0).await;
    runner.finished(claim, Finish::exit(1)).await;
}

fn case(name: &str, outcome: TestOutcome) -> TestCase {
    TestCase {
        suite: "<b>tide</b>".to_owned(),
        name: name.to_owned(),
        file: None,
        outcome,
        duration_ms: Some(1234),
        message: if outcome.is_bad() { "<script>alert(1)</script>\nmore".to_owned() } else { String::new() },
        flaked: false,
    }
}

#[tokio::test]
async fn cases_come_in_pages_and_by_outcome() {
    let world = World::start().await;
    let repository = world.repository("me/thing").await;
    let mut cases: Vec<_> = (0..7).map(|number| case(&format!("t{number}"), TestOutcome::Passed)).collect();
    cases.push(case("bad", TestOutcome::Failed));
    reported(&world, &repository, cases).await;
    let path = "/api/v1/repos/me/thing/builds/1/tests";
    let (mut next, mut seen) = (format!("{path}?limit=3"), 0);
    loop {
        let answer = world.get(&next).await;
        let link = answer.headers().get("link").map(|link| link.to_str().unwrap().to_owned());
        let page: Value = answer.json().await.unwrap();
        assert_eq!(page["tests"]["passed"], 7);
        seen += page["cases"].as_array().unwrap().len();
        let Some(link) = link else { break };
        next = link.split(['<', '>']).nth(1).unwrap().to_owned();
    }
    assert_eq!(seen, 8);
    let failed = world.json(&format!("{path}?outcome=failed")).await;
    assert_eq!((failed["cases"].as_array().unwrap().len(), &failed["cases"][0]["job"]), (1, &json!("te/st")));
    for (bad, status, says) in [
        (format!("{path}?outcome=odd"), 400, "odd"),
        (format!("{path}?sort=odd"), 400, "odd"),
        (format!("{path}?limit=0"), 400, "limit"),
        (format!("{path}?sort=slowest&outcome=failed"), 400, "exclude"),
        ("/api/v1/repos/me/thing/tests?sort=odd".to_owned(), 400, "odd"),
        ("/api/v1/repos/me/thing/tests/xyz".to_owned(), 404, "xyz"),
        (format!("/api/v1/repos/me/thing/tests/{}", "0".repeat(32)), 404, "no test"),
        ("/repos/me/thing/tests/xyz".to_owned(), 404, "xyz"),
        ("/repos/me/thing/tests?sort=odd".to_owned(), 400, "odd"),
    ] {
        let answer = world.get(&bad).await;
        assert_eq!(answer.status().as_u16(), status, "{bad}");
        let text = answer.text().await.unwrap();
        assert!(text.contains(says), "{bad}: {text}");
    }
}

#[tokio::test]
async fn pages_show_tests_and_run_nothing_of_them() {
    let world = World::start().await;
    let repository = world.repository("me/thing").await;
    reported(&world, &repository, vec![case("a", TestOutcome::Passed), case("b", TestOutcome::Passed)]).await;
    reported(&world, &repository, vec![case("a", TestOutcome::Failed), case("b", TestOutcome::Skipped)]).await;
    let failed = world.json("/api/v1/repos/me/thing/builds/2/tests?outcome=new").await;
    let id = failed["cases"][0]["id"].as_str().unwrap().to_owned();
    for (path, wanted) in [
        ("/repos/me/thing/builds/2".to_owned(), &["1 failed", "1 new", "since", "1 skipped", "the slowest"][..]),
        ("/repos/me/thing/builds/2/tests".to_owned(), &["2 all", "1 skipped", "log of te/st / spec"]),
        ("/repos/me/thing/builds/2/tests?outcome=new".to_owned(), &["alert(1)"]),
        ("/repos/me/thing/tests".to_owned(), &["1.2 s", "aria-current"]),
        ("/repos/me/thing/tests?sort=failures".to_owned(), &["1 failure"]),
        ("/repos/me/thing/tests?sort=flaky".to_owned(), &["1 commit"]),
        (format!("/repos/me/thing/tests/{id}"), &["1 of the last 2 runs failed", "s-failure", "s-success"]),
        ("/repos/me/thing".to_owned(), &["/repos/me/thing/tests\">Tests"]),
    ] {
        let page = world.text(&path).await;
        for wanted in wanted {
            assert!(page.contains(wanted), "{path}: no `{wanted}` in {page}");
        }
        assert!(!page.contains("<script>alert") && !page.contains("<b>tide"), "{path}: {page}");
    }
}
