//! Reports of tests and coverage, as runners tell them.

use slipway_pipelines::{
    lease::Claim,
    plan::{Report, ReportKind},
    wire::{FileCoverage, JobNews, MOST_MESSAGE, ReportContent, ReportPart, Reported, TestCase, TestOutcome},
};
use slipway_server::store::{
    Store, StoreError,
    model::{BuildRef, CaseFilter, CaseOrder, Coverage, Repository, TestCounts, TestSort},
};

use crate::support::{Talker, build, detail, ended, finished, granted, job, repository, server, started, step, store};

fn case(name: &str, outcome: TestOutcome, ms: u64) -> TestCase {
    TestCase {
        suite: "tide".to_owned(),
        name: name.to_owned(),
        file: Some("spec/tide_spec.rb".to_owned()),
        outcome,
        duration_ms: Some(ms),
        message: if outcome.is_bad() { format!("{name} went wrong") } else { String::new() },
        flaked: false,
    }
}

fn tests(claim: Claim, tries: u32, part: u32, cases: Vec<TestCase>) -> Reported {
    let content = ReportContent::Tests(cases);
    let report = ReportPart { step: 0, tries, kind: ReportKind::Junit, path: "r.xml".to_owned(), part, content };
    Reported { claim, report }
}

/// A build of one job whose only step reports everything.
async fn reporting(store: &Store, repository: &Repository) -> (BuildRef, Claim) {
    let mut job = job("test", 1, &[]);
    let kinds = ReportKind::ALL.into_iter();
    step(&mut job, 0).files.reports = kinds.map(|kind| Report { kind, paths: vec!["*".to_owned()] }).collect();
    let made = build(store, repository, vec![job]).await;
    let claim = granted(store, detail(store, made).await.jobs[0].id, 1).await;
    store.take_events(claim, vec![started(0)]).await.unwrap();
    (made, claim)
}

async fn end(store: &Store, claim: Claim, code: i32) {
    store.take_events(claim, vec![ended(0, code), finished(code)]).await.unwrap();
}

async fn counts(store: &Store, made: BuildRef) -> Option<TestCounts> {
    detail(store, made).await.reports.tests
}

async fn names(store: &Store, made: BuildRef, filter: CaseFilter) -> Vec<(String, bool)> {
    let build = detail(store, made).await;
    let cases = store.cases(&build, filter, CaseOrder::Reported, (100, 0)).await.unwrap();
    cases.into_iter().map(|case| (case.test.name, case.is_new)).collect()
}

use TestOutcome::{Error, Failed, Passed, Skipped};

#[tokio::test]
async fn a_part_counts_once_and_only_of_the_lease_in_force() {
    let (_folder, store) = store().await;
    let repository = repository(&store, "me/thing").await;
    let (made, claim) = reporting(&store, &repository).await;
    assert_eq!(counts(&store, made).await, None, "nothing is reported yet");
    let first = tests(claim, 0, 0, vec![case("a", Passed, 5), case("b", Failed, 7)]);
    store.take_report(first.clone()).await.unwrap();
    store.take_report(first.clone()).await.unwrap();
    assert!(matches!(store.take_report(tests(claim, 0, 2, vec![])).await, Err(StoreError::Gap)));
    store.take_report(tests(claim, 0, 1, vec![case("c", Skipped, 0), case("d", Error, 1)])).await.unwrap();
    let stale = Reported { claim: Claim { epoch: claim.epoch + 1, ..claim }, ..first.clone() };
    assert!(matches!(store.take_report(stale).await, Err(StoreError::Stale)));
    let mut unknown = first.clone();
    unknown.report.step = 7;
    assert!(matches!(store.take_report(unknown).await, Err(StoreError::NoSuchStep(7))));
    end(&store, claim, 1).await;
    assert!(matches!(store.take_report(first).await, Err(StoreError::Stale)), "the lease is over");
    let seen = counts(&store, made).await.unwrap();
    assert_eq!(seen, TestCounts { passed: 1, failed: 2, skipped: 1, new_failures: 0, duration_ms: 13 });
    assert_eq!(names(&store, made, CaseFilter::Outcome(Failed)).await, [("b".into(), false), ("d".into(), false)]);
    assert_eq!(names(&store, made, CaseFilter::All).await.len(), 4);
}

#[tokio::test]
async fn new_is_what_passed_in_the_last_finished_build_of_the_branch() {
    let (_folder, store) = store().await;
    let repository = repository(&store, "me/thing").await;
    let (_, claim) = reporting(&store, &repository).await;
    store.take_report(tests(claim, 0, 0, vec![case("a", Passed, 5), case("b", Failed, 7)])).await.unwrap();
    end(&store, claim, 1).await;
    // Without tests, and not finished: neither is a measure.
    let (_, claim) = reporting(&store, &repository).await;
    end(&store, claim, 0).await;
    let (_, running) = reporting(&store, &repository).await;
    store.take_report(tests(running, 0, 0, vec![case("a", Failed, 5)])).await.unwrap();

    let (made, claim) = reporting(&store, &repository).await;
    let all = vec![case("a", Failed, 5), case("b", Failed, 7), case("c", Failed, 1)];
    store.take_report(tests(claim, 0, 0, all)).await.unwrap();
    let summary = detail(&store, made).await.reports;
    assert_eq!((summary.tests.unwrap().new_failures, summary.compared_with), (1, Some(1)));
    assert_eq!(names(&store, made, CaseFilter::New).await, [("a".to_owned(), true)]);
    let failed = names(&store, made, CaseFilter::Outcome(Failed)).await;
    assert_eq!(failed[0], ("a".to_owned(), true), "new ones come first");
}

#[tokio::test]
async fn the_last_try_counts_and_all_of_them_tell_what_is_flaky() {
    let (_folder, store) = store().await;
    let repository = repository(&store, "me/thing").await;
    let (made, claim) = reporting(&store, &repository).await;
    store.take_report(tests(claim, 0, 0, vec![case("a", Failed, 5), case("b", Passed, 9)])).await.unwrap();
    store.take_report(tests(claim, 1, 0, vec![case("a", Passed, 6), case("b", Passed, 9)])).await.unwrap();
    end(&store, claim, 0).await;
    let seen = counts(&store, made).await.unwrap();
    assert_eq!((seen.passed, seen.failed), (2, 0));
    let flaky = store.tests(repository.id, TestSort::Flaky, 10).await.unwrap();
    assert_eq!(flaky.iter().map(|row| (row.test.name.as_str(), row.flaky)).collect::<Vec<_>>(), [("a", 1)]);
    let failures = store.tests(repository.id, TestSort::Failures, 10).await.unwrap();
    assert_eq!(failures.iter().map(|row| (row.test.name.as_str(), row.failures)).collect::<Vec<_>>(), [("a", 1)]);
    let slowest = store.tests(repository.id, TestSort::Slowest, 10).await.unwrap();
    assert_eq!(slowest.iter().map(|row| row.test.name.as_str()).collect::<Vec<_>>(), ["b", "a"]);

    // Another build of the same commit.
    let (_, claim) = reporting(&store, &repository).await;
    store.take_report(tests(claim, 0, 0, vec![case("b", Failed, 9)])).await.unwrap();
    let flaky = store.tests(repository.id, TestSort::Flaky, 10).await.unwrap();
    assert_eq!(flaky.len(), 2, "`b` passed in one build of the commit and failed in another: {flaky:?}");
    let (row, runs) = store.test(repository.id, flaky[0].test.id, 10).await.unwrap().unwrap();
    assert_eq!(row.test.name, "a");
    let runs: Vec<_> = runs.into_iter().map(|run| (run.number, run.tries, run.outcome)).collect();
    assert_eq!(runs, [(1, 1, Passed), (1, 0, Failed)]);
    let other = crate::support::repository(&store, "me/other").await;
    assert!(store.test(other.id, row.test.id, 10).await.unwrap().is_none(), "tests belong to their repository");
}

#[tokio::test]
async fn coverage_of_a_file_counts_once() {
    let (_folder, store) = store().await;
    let repository = repository(&store, "me/thing").await;
    let (made, claim) = reporting(&store, &repository).await;
    for (kind, path, covered) in [(ReportKind::Lcov, "a.info", 2), (ReportKind::Cobertura, "b.xml", 3)] {
        let file = |name: &str, covered, total| FileCoverage { file: name.to_owned(), covered, total };
        let content = ReportContent::Coverage(vec![file("x.rb", covered, 4), file(path, 0, 6)]);
        let report = ReportPart { step: 0, tries: 0, kind, path: path.to_owned(), part: 0, content };
        store.take_report(Reported { claim, report }).await.unwrap();
    }
    let coverage = detail(&store, made).await.reports.coverage.unwrap();
    assert_eq!(coverage, Coverage { covered: 3, total: 16 });
    assert_eq!(coverage.basis_points(), 1875);
    let files = store.coverage_files(made.id, 10).await.unwrap();
    assert_eq!(files[2], ("x.rb".to_owned(), Coverage { covered: 3, total: 4 }));
}

#[tokio::test]
async fn a_build_keeps_two_hundred_thousand_cases_and_bounded_messages() {
    let (_folder, store) = store().await;
    let repository = repository(&store, "me/thing").await;
    let (made, claim) = reporting(&store, &repository).await;
    let long = TestCase { message: "x".repeat(MOST_MESSAGE), ..case("a", Failed, 1) };
    for part in 0..401 {
        store.take_report(tests(claim, 0, part, vec![long.clone(); 500])).await.unwrap();
    }
    let seen = counts(&store, made).await.unwrap();
    assert_eq!(seen.failed, 200_000);
    let warnings = detail(&store, made).await.warnings;
    assert_eq!(warnings.len(), 1);
    assert_eq!(warnings[0].text, "report `r.xml`: a build keeps 200000 test cases; the rest is left out");
    let build = detail(&store, made).await;
    let last = store.cases(&build, CaseFilter::All, CaseOrder::Reported, (1, 199_999)).await.unwrap();
    assert_eq!(last[0].message.len(), 200);
}

#[tokio::test]
async fn the_protocol_takes_reports_of_who_holds_the_job() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(&folder).await;
    let store = &server.app().store;
    let repository = repository(store, "me/thing").await;
    let mut job = job("test", 1, &[]);
    step(&mut job, 0).files.reports = vec![Report { kind: ReportKind::Junit, paths: vec!["*".to_owned()] }];
    let made = build(store, &repository, vec![job]).await;
    let talker = Talker::new(&server, 1).introduced().await;
    let claim = talker.next().await.claim;
    assert!(talker.report(claim, vec![started(0)]).await.is_success());
    let reported = tests(claim, 0, 0, vec![case("a", Passed, 1)]);
    let answer = talker.post("reports", &reported).send().await.unwrap();
    assert_eq!(answer.status(), 204);
    let stranger = Talker::new(&server, 2).with_token_of_its_own(&server).await;
    assert_eq!(stranger.post("reports", &reported).send().await.unwrap().status(), 403);
    let stale = Reported { claim: Claim { epoch: claim.epoch + 1, ..claim }, ..reported };
    assert_eq!(talker.post("reports", &stale).send().await.unwrap().status(), 409);
    assert!(
        talker.report(claim, vec![ended(0, 0), JobNews::Warning { step: None, text: "w".into() }]).await.is_success()
    );
    assert_eq!(counts(store, made).await.unwrap().passed, 1);
}
