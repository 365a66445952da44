//! Tests and coverage: of a build, of a repository, and one test through its builds.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, header},
};
use serde::{Deserialize, Serialize};
use slipway_pipelines::wire::TestOutcome;
use slipway_web::time::rfc3339;

use super::{UrlPath, UrlQuery, find_build, find_repository};
use crate::{
    app::App,
    auth::Admin,
    error::ApiError,
    store::model::{
        CaseFilter, CaseOrder, CaseRow, Coverage, ReportSummary, Repository, Test, TestId, TestRow, TestRun, TestSort,
    },
};

const LIMIT: u32 = 100;
const MOST: u32 = 1000;
/// Runs of one test.
const RUNS: u32 = 50;

/// The tests of a build in numbers, as `GET builds/N` has them.
#[derive(Debug, Serialize)]
pub(crate) struct TestsJson {
    passed: u64,
    /// Failed, or could not be run to their end.
    failed: u64,
    skipped: u64,
    /// Failed, and passed in the build `compared_with`.
    new_failures: u64,
    compared_with: Option<u64>,
    duration_ms: u64,
}

/// Coverage of a build in numbers.
#[derive(Debug, Serialize)]
pub(crate) struct CoverageJson {
    lines_covered: u64,
    lines_total: u64,
    percent: f64,
}

impl TestsJson {
    pub(crate) fn new(summary: &ReportSummary) -> Option<Self> {
        let counts = summary.tests?;
        Some(Self {
            passed: counts.passed,
            failed: counts.failed,
            skipped: counts.skipped,
            new_failures: counts.new_failures,
            compared_with: summary.compared_with,
            duration_ms: counts.duration_ms,
        })
    }
}

impl CoverageJson {
    pub(crate) fn new(coverage: Coverage) -> Self {
        let percent = coverage.basis_points() as f64 / 100.0;
        Self { lines_covered: coverage.covered, lines_total: coverage.total, percent }
    }
}

/// A test at its place.
#[derive(Debug, Serialize)]
struct TestJson {
    id: String,
    suite: String,
    name: String,
    file: Option<String>,
    job: String,
    step: String,
}

impl TestJson {
    fn new(test: &Test) -> Self {
        Self {
            id: test.id.to_string(),
            suite: test.suite.clone(),
            name: test.name.clone(),
            file: test.file.clone(),
            job: test.job.clone(),
            step: test.step.clone(),
        }
    }
}

#[derive(Debug, Serialize)]
struct CaseJson {
    #[serde(flatten)]
    test: TestJson,
    outcome: TestOutcome,
    /// It failed, and passed in the build that this one is compared with.
    new: bool,
    /// It failed before it passed, in the same run of its tool.
    flaked: bool,
    duration_ms: Option<u64>,
    message: String,
}

impl CaseJson {
    fn new(case: &CaseRow) -> Self {
        Self {
            test: TestJson::new(&case.test),
            outcome: case.outcome,
            new: case.is_new,
            flaked: case.flaked,
            duration_ms: case.duration_ms,
            message: case.message.clone(),
        }
    }
}

/// Answer of `GET builds/N/tests`.
#[derive(Debug, Serialize)]
pub(crate) struct BuildTestsJson {
    tests: Option<TestsJson>,
    coverage: Option<CoverageJson>,
    cases: Vec<CaseJson>,
}

/// Query of it.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct CaseQuery {
    outcome: Option<String>,
    sort: Option<String>,
    limit: Option<u32>,
    #[serde(default)]
    offset: u64,
}

impl CaseQuery {
    /// Which cases are meant.
    pub(crate) fn filter(&self) -> Result<CaseFilter, ApiError> {
        match self.outcome.as_deref() {
            None | Some("all") => Ok(CaseFilter::All),
            Some("new") => Ok(CaseFilter::New),
            Some(word) => TestOutcome::parse(word).map(CaseFilter::Outcome).ok_or_else(|| {
                ApiError::bad_request(format!("`outcome` {word} is not known"))
                    .help("passed, failed, skipped, new or all")
            }),
        }
    }

    fn order(&self) -> Result<CaseOrder, ApiError> {
        match self.sort.as_deref() {
            None => Ok(CaseOrder::Reported),
            Some("slowest") => Ok(CaseOrder::Slowest),
            Some(word) => {
                Err(ApiError::bad_request(format!("`sort` {word} is not known")).help("`slowest`, or none at all"))
            }
        }
    }

    /// How many of them are passed over.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }
}

fn limit(limit: Option<u32>, usual: u32) -> Result<u32, ApiError> {
    let limit = limit.unwrap_or(usual);
    if (1..=MOST).contains(&limit) {
        Ok(limit)
    } else {
        Err(ApiError::bad_request(format!("`limit` {limit} is out of range")).help(format!("1 to {MOST}")))
    }
}

/// `GET repos/O/R/builds/N/tests`: numbers and cases; `Link: <…>; rel="next"` where there are more.
pub(crate) async fn build_tests(
    _: Admin,
    State(app): State<App>,
    UrlPath((owner, name, number)): UrlPath<(String, String, String)>,
    UrlQuery(query): UrlQuery<CaseQuery>,
) -> Result<(HeaderMap, Json<BuildTestsJson>), ApiError> {
    let (filter, order, limit) = (query.filter()?, query.order()?, limit(query.limit, LIMIT)?);
    if order == CaseOrder::Slowest && filter != CaseFilter::All {
        return Err(ApiError::bad_request("`sort` and `outcome` exclude each other"));
    }
    let build = find_build(&app, &owner, &name, &number).await?;
    let mut cases = app.store.cases(&build, filter, order, (limit + 1, query.offset)).await?;
    let mut headers = HeaderMap::new();
    if cases.len() > limit as usize {
        cases.truncate(limit as usize);
        let mut next = format!(
            "</api/v1/repos/{}/builds/{}/tests?offset={}&limit={limit}",
            build.repository.name,
            build.summary.number,
            query.offset + u64::from(limit)
        );
        for (key, value) in [("outcome", &query.outcome), ("sort", &query.sort)] {
            if let Some(value) = value {
                next += &format!("&{key}={value}");
            }
        }
        let next = HeaderValue::try_from(next + ">; rel=\"next\"").map_err(ApiError::internal)?;
        headers.insert(header::LINK, next);
    }
    let json = BuildTestsJson {
        tests: TestsJson::new(&build.reports),
        coverage: build.reports.coverage.map(CoverageJson::new),
        cases: cases.iter().map(CaseJson::new).collect(),
    };
    Ok((headers, Json(json)))
}

#[derive(Debug, Serialize)]
pub(crate) struct CoverageFileJson {
    file: String,
    #[serde(flatten)]
    coverage: CoverageJson,
}

/// Query of a list.
#[derive(Debug, Deserialize)]
pub(crate) struct ListQuery {
    sort: Option<String>,
    limit: Option<u32>,
}

/// `GET repos/O/R/builds/N/coverage`: by file.
pub(crate) async fn build_coverage(
    _: Admin,
    State(app): State<App>,
    UrlPath((owner, name, number)): UrlPath<(String, String, String)>,
    UrlQuery(query): UrlQuery<ListQuery>,
) -> Result<Json<Vec<CoverageFileJson>>, ApiError> {
    let limit = limit(query.limit, MOST)?;
    let build = find_build(&app, &owner, &name, &number).await?;
    let files = app.store.coverage_files(build.summary.id, limit).await?;
    let file = |(file, coverage)| CoverageFileJson { file, coverage: CoverageJson::new(coverage) };
    Ok(Json(files.into_iter().map(file).collect()))
}

/// A test of a repository in a list.
#[derive(Debug, Serialize)]
pub(crate) struct TestRowJson {
    #[serde(flatten)]
    test: TestJson,
    /// The newest build that ran it, and how it ended there.
    build: u64,
    outcome: TestOutcome,
    duration_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flaky_commits: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failures: Option<u64>,
}

impl TestRowJson {
    fn new(row: &TestRow, sort: Option<TestSort>) -> Self {
        Self {
            test: TestJson::new(&row.test),
            build: row.number,
            outcome: row.outcome,
            duration_ms: row.duration_ms,
            flaky_commits: (sort == Some(TestSort::Flaky)).then_some(row.flaky),
            failures: (sort == Some(TestSort::Failures)).then_some(row.failures),
        }
    }
}

/// What a list of tests is to be about.
pub(crate) fn sort_of(word: Option<&str>) -> Result<TestSort, ApiError> {
    let word = word.unwrap_or("slowest");
    TestSort::ALL
        .into_iter()
        .find(|sort| sort.as_str() == word)
        .ok_or_else(|| ApiError::bad_request(format!("`sort` {word} is not known")).help("slowest, flaky or failures"))
}

/// `GET repos/O/R/tests?sort=slowest|flaky|failures`.
pub(crate) async fn list_tests(
    _: Admin,
    State(app): State<App>,
    UrlPath((owner, name)): UrlPath<(String, String)>,
    UrlQuery(query): UrlQuery<ListQuery>,
) -> Result<Json<Vec<TestRowJson>>, ApiError> {
    let (sort, limit) = (sort_of(query.sort.as_deref())?, limit(query.limit, LIMIT)?);
    let repository = find_repository(&app, &owner, &name).await?;
    let rows = app.store.tests(repository.id, sort, limit).await?;
    Ok(Json(rows.iter().map(|row| TestRowJson::new(row, Some(sort))).collect()))
}

#[derive(Debug, Serialize)]
struct RunJson {
    build: u64,
    sha: String,
    branch: Option<String>,
    attempt: u32,
    tries: u32,
    outcome: TestOutcome,
    flaked: bool,
    duration_ms: Option<u64>,
    message: String,
    created_at: String,
}

/// Answer of `GET repos/O/R/tests/ID`.
#[derive(Debug, Serialize)]
pub(crate) struct HistoryJson {
    #[serde(flatten)]
    test: TestRowJson,
    /// Newest first, of all attempts and tries.
    runs: Vec<RunJson>,
}

/// `GET repos/O/R/tests/ID`: its last runs.
pub(crate) async fn get_test(
    _: Admin,
    State(app): State<App>,
    UrlPath((owner, name, id)): UrlPath<(String, String, String)>,
    UrlQuery(query): UrlQuery<ListQuery>,
) -> Result<Json<HistoryJson>, ApiError> {
    let limit = limit(query.limit, RUNS)?;
    let (_, row, runs) = find_test(&app, (&owner, &name), &id, limit).await?;
    let run = |run: TestRun| RunJson {
        build: run.number,
        sha: run.sha,
        branch: Some(run.branch).filter(|branch| !branch.is_empty()),
        attempt: run.attempt,
        tries: run.tries,
        outcome: run.outcome,
        flaked: run.flaked,
        duration_ms: run.duration_ms,
        message: run.message,
        created_at: rfc3339(run.created),
    };
    Ok(Json(HistoryJson { test: TestRowJson::new(&row, None), runs: runs.into_iter().map(run).collect() }))
}

/// A test of a repository with its last runs.
pub(crate) async fn find_test(
    app: &App,
    (owner, name): (&str, &str),
    id: &str,
    limit: u32,
) -> Result<(Repository, TestRow, Vec<TestRun>), ApiError> {
    let repository = find_repository(app, owner, name).await?;
    let missing =
        || ApiError::not_found(format!("`{owner}/{name}` has no test `{id}`")).help("ids are in GET repos/O/R/tests");
    let known: TestId = id.parse().map_err(|_| missing())?;
    let (row, runs) = app.store.test(repository.id, known, limit).await?.ok_or_else(missing)?;
    Ok((repository, row, runs))
}
