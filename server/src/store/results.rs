//! Table `results`: test cases of reports.

use slipway_pipelines::{
    ids::RepositoryId,
    wire::{MOST_PART_ITEMS, TestCase, TestOutcome},
};
use sqlx::{SqliteConnection, SqliteExecutor};

use super::{
    StoreError,
    codec::{corrupt, signed, unsigned},
    model::{CaseFilter, CaseOrder, CaseRow, Test, TestId, TestRun},
    reports::{Sums, counting},
    row::row,
    tests,
};

const TABLE: &str = "results";
/// How much of a message is kept when a build has too many.
const SHORT: usize = 200;

/// Where results belong.
pub(super) struct Place<'a> {
    pub(super) repository: RepositoryId,
    /// Of the build.
    pub(super) number: u64,
    /// Its name.
    pub(super) job: &'a str,
    /// Its name.
    pub(super) step: &'a str,
    pub(super) report: i64,
}

/// Adds the cases of a part; `room` is how many bytes of messages the build may still have.
pub(super) async fn put(
    db: &mut SqliteConnection,
    place: &Place<'_>,
    part: u32,
    cases: &[TestCase],
    mut room: u64,
    sums: &mut Sums,
) -> Result<(), StoreError> {
    let first = i64::from(part) * signed(MOST_PART_ITEMS);
    for (position, case) in (first..).zip(cases) {
        let test = tests::put(&mut *db, place, case).await?;
        let most = if (case.message.len() as u64) < room { case.message.len() } else { SHORT };
        let message = &case.message[..case.message.floor_char_boundary(most)];
        room = room.saturating_sub(message.len() as u64);
        sqlx::query(
            "INSERT INTO results (report, position, test, outcome, bad, flaked, duration_ms, message) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(place.report)
        .bind(position)
        .bind(test.0.to_vec())
        .bind(case.outcome.as_str())
        .bind(case.outcome.is_bad() || case.flaked)
        .bind(case.flaked)
        .bind(case.duration_ms.map(signed))
        .bind(message)
        .execute(&mut *db)
        .await?;
        match case.outcome {
            TestOutcome::Passed => sums.passed += 1,
            TestOutcome::Failed | TestOutcome::Error => sums.failed += 1,
            TestOutcome::Skipped => sums.skipped += 1,
        }
        sums.duration_ms += case.duration_ms.unwrap_or(0);
        sums.message_bytes += message.len() as u64;
    }
    Ok(())
}

pub(super) fn outcome(text: &str) -> Result<TestOutcome, StoreError> {
    TestOutcome::parse(text).ok_or_else(|| corrupt(TABLE, format_args!("outcome `{text}`")))
}

pub(super) fn id(bytes: &[u8]) -> Result<TestId, StoreError> {
    bytes.try_into().map(TestId).map_err(|_| corrupt(TABLE, "an id of a test is not 16 bytes"))
}

row! {
    struct Case {
        test: Vec<u8>,
        job: String,
        step: String,
        suite: String,
        name: String,
        file: String,
        job_position: i64,
        step_position: i64,
        outcome: String,
        flaked: bool,
        is_new: bool,
        duration_ms: Option<i64>,
        message: String,
    }
}

impl TryFrom<Case> for CaseRow {
    type Error = StoreError;

    fn try_from(row: Case) -> Result<Self, StoreError> {
        let Case { job, step, suite, name, file, .. } = row;
        Ok(Self {
            test: Test { id: id(&row.test)?, job, step, suite, name, file: Some(file).filter(|file| !file.is_empty()) },
            job: unsigned(TABLE, row.job_position)?,
            step: unsigned(TABLE, row.step_position)?,
            outcome: outcome(&row.outcome)?,
            flaked: row.flaked,
            is_new: row.is_new,
            duration_ms: row.duration_ms.map(|time| unsigned(TABLE, time)).transpose()?,
            message: row.message,
        })
    }
}

/// Whether a result of a build is bad and its test passed in the build `$2`. The inner set is made once, however often a
/// report has one and the same test.
macro_rules! is_new {
    () => {
        concat!(
            "(results.outcome IN ('failed', 'error') AND results.test IN (SELECT o.test FROM reports AS q ",
            "JOIN jobs AS j ON j.id = q.job AND j.attempt = q.attempt JOIN results AS o ON o.report = q.id ",
            "WHERE q.build = $2 AND NOT q.superseded AND o.outcome = 'passed'))"
        )
    };
}

macro_rules! cases {
    ([$($where:tt)*], $order:literal) => {
        concat!(
            "SELECT results.test, tests.job, tests.step, tests.suite, tests.name, tests.file, ",
            "jobs.position AS job_position, reports.step AS step_position, results.outcome, results.flaked, ",
            is_new!(),
            " AS is_new, results.duration_ms, results.message FROM results JOIN tests ON tests.id = results.test ",
            "JOIN reports ON reports.id = results.report ",
            "JOIN jobs ON jobs.id = reports.job AND jobs.attempt = reports.attempt ",
            "WHERE reports.build = $1 AND NOT reports.superseded ",
            $($where)*
            " ORDER BY ",
            $order,
            " LIMIT $3 OFFSET $4"
        )
    };
}

/// Cases of a build that count, compared with another.
pub(super) async fn of_build(
    db: impl SqliteExecutor<'_>,
    (build, other): (&str, &str),
    filter: CaseFilter,
    order: CaseOrder,
    (limit, offset): (u32, u64),
) -> Result<Vec<CaseRow>, StoreError> {
    let sql = match (filter, order) {
        (CaseFilter::All, CaseOrder::Reported) => cases!([], "jobs.position, reports.id, results.position"),
        (CaseFilter::All, CaseOrder::Slowest) => {
            cases!(["AND results.duration_ms IS NOT NULL",], "results.duration_ms DESC, reports.id, results.position")
        }
        (CaseFilter::New, _) => {
            cases!(["AND results.bad AND ", is_new!(),], "jobs.position, reports.id, results.position")
        }
        (CaseFilter::Outcome(TestOutcome::Passed), _) => {
            cases!(["AND results.outcome = 'passed'",], "jobs.position, reports.id, results.position")
        }
        (CaseFilter::Outcome(TestOutcome::Skipped), _) => {
            cases!(["AND results.outcome = 'skipped'",], "jobs.position, reports.id, results.position")
        }
        // The new ones first.
        (CaseFilter::Outcome(TestOutcome::Failed | TestOutcome::Error), _) => cases!(
            ["AND results.bad AND results.outcome IN ('failed', 'error')",],
            "is_new DESC, jobs.position, reports.id, results.position"
        ),
    };
    let rows: Vec<Case> =
        sqlx::query_as(sql).bind(build).bind(other).bind(i64::from(limit)).bind(signed(offset)).fetch_all(db).await?;
    rows.into_iter().map(CaseRow::try_from).collect()
}

/// How many of a build's failures are new, compared with another.
pub(super) async fn count_new(db: impl SqliteExecutor<'_>, build: &str, other: &str) -> Result<u64, StoreError> {
    let count: i64 = sqlx::query_scalar(concat!(
        "SELECT COUNT(DISTINCT results.test) FROM results JOIN reports ON reports.id = results.report ",
        "JOIN jobs ON jobs.id = reports.job AND jobs.attempt = reports.attempt ",
        "WHERE reports.build = $1 AND NOT reports.superseded AND results.bad AND ",
        is_new!()
    ))
    .bind(build)
    .bind(other)
    .fetch_one(db)
    .await?;
    unsigned(TABLE, count)
}

/// Whether a build has results that count.
pub(super) async fn has_some(db: impl SqliteExecutor<'_>, build: &str) -> Result<bool, StoreError> {
    let found: Option<i64> = sqlx::query_scalar(concat!(
        "SELECT 1 FROM ",
        counting!("WHERE reports.build = $1 AND reports.kind = 'junit'"),
        "LIMIT 1"
    ))
    .bind(build)
    .fetch_optional(db)
    .await?;
    Ok(found.is_some())
}

row! {
    struct Run {
        number: i64,
        sha: String,
        branch: String,
        job: i64,
        attempt: i64,
        step: i64,
        tries: i64,
        outcome: String,
        flaked: bool,
        duration_ms: Option<i64>,
        message: String,
        created: i64,
    }
}

/// The runs of a test, newest first, also those that do not count any more.
pub(super) async fn of_test(db: impl SqliteExecutor<'_>, test: TestId, limit: u32) -> Result<Vec<TestRun>, StoreError> {
    let rows: Vec<Run> = sqlx::query_as(
        "SELECT reports.number, reports.sha, builds.branch, jobs.position AS job, reports.attempt, reports.step, \
         reports.tries, results.outcome, results.flaked, results.duration_ms, results.message, builds.created \
         FROM results JOIN reports ON reports.id = results.report JOIN jobs ON jobs.id = reports.job \
         JOIN builds ON builds.id = reports.build WHERE results.test = $1 \
         ORDER BY reports.number DESC, reports.attempt DESC, reports.tries DESC, results.position DESC LIMIT $2",
    )
    .bind(test.0.to_vec())
    .bind(i64::from(limit))
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(TestRun {
                number: unsigned(TABLE, row.number)?,
                sha: row.sha,
                branch: row.branch,
                job: unsigned(TABLE, row.job)?,
                attempt: unsigned(TABLE, row.attempt)?,
                step: unsigned(TABLE, row.step)?,
                tries: unsigned(TABLE, row.tries)?,
                outcome: outcome(&row.outcome)?,
                flaked: row.flaked,
                duration_ms: row.duration_ms.map(|time| unsigned(TABLE, time)).transpose()?,
                message: row.message,
                created: row.created,
            })
        })
        .collect()
}
