//! Pages of tests: of a build, of a repository, and of one test.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use slipway_web::views::{BuildTestsPage, Choice, Frame, TestPage, TestsPage, paths};

use super::{
    PageError, Visitor,
    home::sign,
    render,
    tests_view::{case_view, run_view, summary, test_row},
};
use crate::{
    api::{CaseQuery, UrlPath, UrlQuery, find_build, find_repository, find_test, sort_of},
    app::App,
    clock,
    store::{
        TESTS_WINDOW,
        model::{CaseFilter, CaseOrder, TestSort},
    },
};

/// Cases on one page.
const PAGE: u32 = 200;
/// Tests of a list.
const LIST: u32 = 100;
/// Runs of a test.
const RUNS: u32 = 50;

/// `GET /repos/O/R/builds/N/tests`.
pub(crate) async fn build_tests(
    _: Visitor,
    State(app): State<App>,
    UrlPath((owner, name, number)): UrlPath<(String, String, String)>,
    UrlQuery(query): UrlQuery<CaseQuery>,
) -> Result<Response, PageError> {
    let filter = query.filter()?;
    let build = find_build(&app, &owner, &name, &number).await?;
    let (repository, number) = (&build.repository.name, build.summary.number);
    let offset = query.offset();
    let mut cases = app.store.cases(&build, filter, CaseOrder::Reported, (PAGE + 1, offset)).await?;
    let more = cases.len() > PAGE as usize;
    cases.truncate(PAGE as usize);
    let href = paths::build_tests(repository, number);
    let counts = build.reports.tests.unwrap_or_default();
    let all = counts.passed + counts.failed + counts.skipped;
    let choices = [
        ("all", all, filter == CaseFilter::All),
        ("failed", counts.failed, matches!(filter, CaseFilter::Outcome(outcome) if outcome.is_bad())),
        ("new", counts.new_failures, filter == CaseFilter::New),
        ("skipped", counts.skipped, filter == CaseFilter::Outcome(slipway_pipelines::wire::TestOutcome::Skipped)),
        ("passed", counts.passed, filter == CaseFilter::Outcome(slipway_pipelines::wire::TestOutcome::Passed)),
    ];
    let word = choices.iter().find(|(.., current)| *current).map_or("all", |(word, ..)| word);
    let page = |offset: u64| format!("{href}?outcome={word}&offset={offset}");
    let view = BuildTestsPage {
        frame: Frame::build_tests(repository, number, sign(&build.summary)),
        number,
        build: paths::build(repository, number),
        choices: choices
            .iter()
            .map(|(word, count, current)| Choice {
                text: format!("{count} {word}"),
                href: format!("{href}?outcome={word}"),
                current: *current,
            })
            .collect(),
        cases: cases.iter().map(|case| case_view(&build, case)).collect(),
        earlier: (offset > 0).then(|| page(offset.saturating_sub(u64::from(PAGE)))),
        later: more.then(|| page(offset + u64::from(PAGE))),
    };
    render(StatusCode::OK, &view)
}

/// Query of a repository's tests.
#[derive(Debug, Deserialize)]
pub(crate) struct ListQuery {
    sort: Option<String>,
}

/// `GET /repos/O/R/tests`.
pub(crate) async fn tests(
    _: Visitor,
    State(app): State<App>,
    UrlPath((owner, name)): UrlPath<(String, String)>,
    UrlQuery(query): UrlQuery<ListQuery>,
) -> Result<Response, PageError> {
    let sort = sort_of(query.sort.as_deref())?;
    let repository = find_repository(&app, &owner, &name).await?;
    let name = &repository.name;
    let rows = app.store.tests(repository.id, sort, LIST).await?;
    let href = paths::tests(name);
    let choice = |of: TestSort| Choice {
        text: of.as_str().to_owned(),
        href: format!("{href}?sort={}", of.as_str()),
        current: of == sort,
    };
    let (about, figure, quiet) = match sort {
        TestSort::Slowest => ("the tests whose last run took longest", "Took", "No test is reported yet."),
        TestSort::Flaky => ("tests that failed and passed at the same commit", "Commits", "No test is flaky."),
        TestSort::Failures => ("the tests that failed most often", "Failures", "No test failed."),
    };
    let page = TestsPage {
        frame: Frame::tests(name, sort.as_str()),
        owner: name.owner().to_owned(),
        name: name.name().to_owned(),
        href: paths::repository(name),
        settings: paths::settings(name),
        choices: TestSort::ALL.into_iter().map(choice).collect(),
        about: format!("In the last {TESTS_WINDOW} builds: {about}."),
        figure,
        rows: rows.iter().map(|row| test_row(name, row, sort)).collect(),
        quiet,
        tests: href,
    };
    render(StatusCode::OK, &page)
}

/// `GET /repos/O/R/tests/ID`.
pub(crate) async fn test(
    _: Visitor,
    State(app): State<App>,
    UrlPath((owner, name, id)): UrlPath<(String, String, String)>,
) -> Result<Response, PageError> {
    let (repository, row, runs) = find_test(&app, (&owner, &name), &id, RUNS).await?;
    let now = clock::now();
    let page = TestPage {
        frame: Frame::tests(&repository.name, &row.test.name),
        place: format!("{} / {}", row.test.job, row.test.step),
        summary: summary(&runs),
        runs: runs.iter().map(|run| run_view(&repository.name, run, now)).collect(),
        suite: row.test.suite,
        name: row.test.name,
        file: row.test.file.unwrap_or_default(),
    };
    render(StatusCode::OK, &page)
}
