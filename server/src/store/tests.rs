//! Table `tests`: tests at their places, with their last run.

use sha2::{Digest, Sha256};
use slipway_pipelines::{ids::RepositoryId, wire::TestCase};
use sqlx::{SqliteConnection, SqliteExecutor};

use super::{
    Store, StoreError,
    codec::{signed, unsigned},
    model::{Test, TestId, TestRow, TestRun, TestSort},
    results,
    results::Place,
    row::row,
};

const TABLE: &str = "tests";
/// How many builds back lists of flaky and failing tests look.
pub const WINDOW: u64 = 100;

/// Notes a run of a test; gives its id.
pub(super) async fn put(db: &mut SqliteConnection, place: &Place<'_>, case: &TestCase) -> Result<TestId, StoreError> {
    let file = case.file.as_deref().unwrap_or_default();
    let repository = place.repository.to_string();
    let id = id_of([&repository, place.job, place.step, &case.suite, &case.name, file]);
    sqlx::query(
        "INSERT INTO tests (id, repository, job, step, suite, name, file, number, outcome, duration_ms) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (id) DO UPDATE SET \
         number = excluded.number, outcome = excluded.outcome, duration_ms = excluded.duration_ms \
         WHERE excluded.number >= tests.number",
    )
    .bind(id.0.to_vec())
    .bind(&repository)
    .bind(place.job)
    .bind(place.step)
    .bind(&case.suite)
    .bind(&case.name)
    .bind(file)
    .bind(signed(place.number))
    .bind(case.outcome.as_str())
    .bind(case.duration_ms.map(signed))
    .execute(db)
    .await?;
    Ok(id)
}

/// Each part with its length, so that no two sets of parts are the same text.
fn id_of(parts: [&str; 6]) -> TestId {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let mut id = [0; 16];
    id.copy_from_slice(&hash.finalize()[..16]);
    TestId(id)
}

row! {
    struct Row {
        id: Vec<u8>,
        job: String,
        step: String,
        suite: String,
        name: String,
        file: String,
        number: i64,
        outcome: String,
        duration_ms: Option<i64>,
        flaky: i64,
        failures: i64,
    }
}

impl TryFrom<Row> for TestRow {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let Row { job, step, suite, name, file, .. } = row;
        Ok(Self {
            test: Test {
                id: results::id(&row.id)?,
                job,
                step,
                suite,
                name,
                file: Some(file).filter(|file| !file.is_empty()),
            },
            number: unsigned(TABLE, row.number)?,
            outcome: results::outcome(&row.outcome)?,
            duration_ms: row.duration_ms.map(|time| unsigned(TABLE, time)).transpose()?,
            flaky: unsigned(TABLE, row.flaky)?,
            failures: unsigned(TABLE, row.failures)?,
        })
    }
}

macro_rules! columns {
    ($flaky:literal, $failures:literal) => {
        concat!(
            "SELECT tests.id, tests.job, tests.step, tests.suite, tests.name, tests.file, tests.number, ",
            "tests.outcome, tests.duration_ms, ",
            $flaky,
            " AS flaky, ",
            $failures,
            " AS failures FROM tests "
        )
    };
}

const SLOWEST: &str = concat!(
    columns!("0", "0"),
    "WHERE tests.repository = $1 AND tests.number > $2 AND tests.duration_ms IS NOT NULL ",
    "ORDER BY tests.duration_ms DESC LIMIT $3"
);

const FAILURES: &str = concat!(
    columns!("0", "bad.times"),
    "JOIN (SELECT results.test, COUNT(*) AS times FROM reports JOIN results ON results.report = reports.id ",
    "WHERE reports.repository = $1 AND reports.number > $2 AND results.bad AND results.outcome <> 'passed' ",
    "GROUP BY results.test) AS bad ON bad.test = tests.id ORDER BY bad.times DESC, tests.name LIMIT $3"
);

/// A commit counts once, whether its runs are attempts, tries of a step, builds, or the test tool's own. Bad runs are gathered
/// before others are looked for, however often a report has one and the same test.
const FLAKY: &str = concat!(
    columns!("mixed.commits", "0"),
    "JOIN (SELECT b.test AS test, COUNT(*) AS commits FROM (SELECT results.test AS test, reports.sha AS sha, ",
    "MAX(CASE WHEN results.flaked THEN 1 ELSE 0 END) AS flaked FROM reports JOIN results ON results.report = reports.id ",
    "WHERE reports.repository = $1 AND reports.number > $2 AND results.bad GROUP BY results.test, reports.sha) AS b ",
    "WHERE b.flaked = 1 OR EXISTS (SELECT 1 FROM results AS o JOIN reports AS q ON q.id = o.report ",
    "WHERE o.test = b.test AND q.sha = b.sha AND o.outcome = 'passed') GROUP BY b.test) AS mixed ",
    "ON mixed.test = tests.id ORDER BY mixed.commits DESC, tests.name LIMIT $3"
);

impl Store {
    /// Tests of a repository, as its last builds ran them.
    pub async fn tests(
        &self,
        repository: RepositoryId,
        sort: TestSort,
        limit: u32,
    ) -> Result<Vec<TestRow>, StoreError> {
        let mut moment = self.readers.begin().await?;
        let newest: Option<i64> = sqlx::query_scalar("SELECT MAX(number) FROM reports WHERE repository = $1")
            .bind(repository.to_string())
            .fetch_one(&mut *moment)
            .await?;
        let sql = match sort {
            TestSort::Slowest => SLOWEST,
            TestSort::Flaky => FLAKY,
            TestSort::Failures => FAILURES,
        };
        let rows: Vec<Row> = sqlx::query_as(sql)
            .bind(repository.to_string())
            .bind(newest.unwrap_or(0) - signed(WINDOW))
            .bind(i64::from(limit))
            .fetch_all(&mut *moment)
            .await?;
        rows.into_iter().map(TestRow::try_from).collect()
    }

    /// A test of a repository with its runs, newest first.
    pub async fn test(
        &self,
        repository: RepositoryId,
        id: TestId,
        limit: u32,
    ) -> Result<Option<(TestRow, Vec<TestRun>)>, StoreError> {
        let mut moment = self.readers.begin().await?;
        let Some(row) = find(&mut *moment, repository, id).await? else { return Ok(None) };
        Ok(Some((row, results::of_test(&mut *moment, id, limit).await?)))
    }
}

async fn find(
    db: impl SqliteExecutor<'_>,
    repository: RepositoryId,
    id: TestId,
) -> Result<Option<TestRow>, StoreError> {
    let row: Option<Row> = sqlx::query_as(concat!(columns!("0", "0"), "WHERE tests.repository = $1 AND tests.id = $2"))
        .bind(repository.to_string())
        .bind(id.0.to_vec())
        .fetch_optional(db)
        .await?;
    row.map(TestRow::try_from).transpose()
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn no_two_places_have_one_id() {
        let id = id_of(["r", "j", "s", "a", "bc", ""]);
        assert_eq!(id, id_of(["r", "j", "s", "a", "bc", ""]));
        assert_ne!(id, id_of(["r", "j", "s", "ab", "c", ""]));
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!("xyz".parse::<TestId>().is_err());
    }
}
