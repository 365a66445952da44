//! Rows of tests as views.

use slipway_pipelines::{repository::RepositoryName, state::Millis, wire::TestOutcome};
use slipway_web::{
    time::Moment,
    views::{CaseView, CoverageView, RunView, TestRowView, TestsView, outcome_sign, paths, took},
};

use crate::{
    app::App,
    store::{
        StoreError,
        model::{BuildDetail, CaseFilter, CaseOrder, CaseRow, TestRow, TestRun, TestSort},
    },
};

/// Failures on a build's page.
const FAILURES: u32 = 10;
/// Slow tests on it.
const SLOWEST: u32 = 5;

/// The tests on a build's page; `None` when nothing was reported.
pub(super) async fn tests_view(app: &App, build: &BuildDetail) -> Result<Option<TestsView>, StoreError> {
    let (name, reports) = (&build.repository.name, &build.reports);
    let coverage = reports.coverage.map(|coverage| CoverageView::new(coverage.covered, coverage.total));
    let Some(counts) = reports.tests else {
        return Ok(coverage.map(|coverage| TestsView { coverage: Some(coverage), ..TestsView::default() }));
    };
    let some = async |filter, order, limit| -> Result<Vec<CaseView>, StoreError> {
        let cases = app.store.cases(build, filter, order, (limit, 0)).await?;
        Ok(cases.iter().map(|case| case_view(build, case)).collect())
    };
    let failures = match counts.failed {
        0 => Vec::new(),
        _ => some(CaseFilter::Outcome(TestOutcome::Failed), CaseOrder::Reported, FAILURES).await?,
    };
    let slowest = some(CaseFilter::All, CaseOrder::Slowest, SLOWEST).await?;
    Ok(Some(TestsView {
        has_tests: true,
        passed: counts.passed,
        failed: counts.failed,
        skipped: counts.skipped,
        new_failures: counts.new_failures,
        compared_with: reports.compared_with.map(|number| (number, paths::build(name, number))),
        took: took(Some(counts.duration_ms)),
        href: paths::build_tests(name, build.summary.number),
        failures,
        slowest,
        coverage,
    }))
}

pub(super) fn case_view(build: &BuildDetail, case: &CaseRow) -> CaseView {
    let (name, number) = (&build.repository.name, build.summary.number);
    CaseView {
        suite: case.test.suite.clone(),
        name: case.test.name.clone(),
        status: outcome_sign(case.outcome, case.flaked),
        word: word(case.outcome, case.flaked),
        is_new: case.is_new,
        href: paths::test(name, &case.test.id.to_string()),
        place: format!("{} / {}", case.test.job, case.test.step),
        log: paths::step(name, number, case.job, case.step, None),
        file: case.test.file.clone().unwrap_or_default(),
        took: took(case.duration_ms),
        message: case.message.clone(),
    }
}

fn word(outcome: TestOutcome, flaked: bool) -> &'static str {
    if flaked && outcome == TestOutcome::Passed { "flaky" } else { outcome.as_str() }
}

pub(super) fn test_row(name: &RepositoryName, row: &TestRow, sort: TestSort) -> TestRowView {
    let times = |count: u64, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    TestRowView {
        suite: row.test.suite.clone(),
        name: row.test.name.clone(),
        place: format!("{} / {}", row.test.job, row.test.step),
        href: paths::test(name, &row.test.id.to_string()),
        status: outcome_sign(row.outcome, false),
        word: row.outcome.as_str(),
        build: (row.number, paths::build(name, row.number)),
        figure: match sort {
            TestSort::Slowest => took(row.duration_ms),
            TestSort::Flaky => times(row.flaky, "commit", "commits"),
            TestSort::Failures => times(row.failures, "failure", "failures"),
        },
    }
}

pub(super) fn run_view(name: &RepositoryName, run: &TestRun, now: Millis) -> RunView {
    let mark = match (run.attempt, run.tries) {
        (1, 0) => String::new(),
        (attempt, 0) => format!("attempt {attempt}"),
        (1, tries) => format!("try {}", tries + 1),
        (attempt, tries) => format!("attempt {attempt}, try {}", tries + 1),
    };
    RunView {
        status: outcome_sign(run.outcome, run.flaked),
        word: word(run.outcome, run.flaked),
        number: run.number,
        href: paths::step(name, run.number, run.job, run.step, Some(run.attempt)),
        mark,
        branch: run.branch.clone(),
        short_sha: run.sha.get(..10).unwrap_or(&run.sha).to_owned(),
        took: took(run.duration_ms),
        created: Moment::new(run.created, now),
        message: run.message.clone(),
    }
}

/// `12 of the last 50 runs failed`.
pub(super) fn summary(runs: &[TestRun]) -> String {
    let bad = runs.iter().filter(|run| outcome_sign(run.outcome, run.flaked).has_trouble()).count();
    match (bad, runs.len()) {
        (0, 1) => "its only run was fine".to_owned(),
        (_, 1) => "its only run failed".to_owned(),
        (0, all) => format!("none of the last {all} runs failed"),
        (bad, all) => format!("{bad} of the last {all} runs failed"),
    }
}
