//! Table `coverage`: how much of each source file a report says was run.

use slipway_pipelines::{ids::BuildId, wire::FileCoverage};
use sqlx::{SqliteConnection, SqliteExecutor};

use super::{StoreError, codec::unsigned, model::Coverage, reports::Sums};

const TABLE: &str = "coverage";

/// Adds files of a report.
pub(super) async fn put(
    db: &mut SqliteConnection,
    report: i64,
    files: &[FileCoverage],
    sums: &mut Sums,
) -> Result<(), StoreError> {
    for file in files {
        sqlx::query(
            "INSERT INTO coverage (report, file, covered, total) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (report, file) DO UPDATE SET covered = excluded.covered, total = excluded.total",
        )
        .bind(report)
        .bind(&file.file)
        .bind(i64::from(file.covered.min(file.total)))
        .bind(i64::from(file.total))
        .execute(&mut *db)
        .await?;
        sums.files += 1;
    }
    Ok(())
}

/// Files of the reports of a build that count. Of a file in several, the report that saw most of it run.
macro_rules! files {
    () => {
        concat!(
            "SELECT coverage.file AS file, MAX(coverage.covered) AS covered, MAX(coverage.total) AS total FROM coverage ",
            "JOIN reports ON reports.id = coverage.report ",
            "JOIN jobs ON jobs.id = reports.job AND jobs.attempt = reports.attempt ",
            "WHERE reports.build = $1 AND NOT reports.superseded GROUP BY coverage.file"
        )
    };
}

/// Of all files of a build; `None` when nothing was reported.
pub(super) async fn of_build(db: impl SqliteExecutor<'_>, build: BuildId) -> Result<Option<Coverage>, StoreError> {
    let (covered, total): (Option<i64>, Option<i64>) =
        sqlx::query_as(concat!("SELECT SUM(covered), SUM(total) FROM (", files!(), ") AS one"))
            .bind(build.to_string())
            .fetch_one(db)
            .await?;
    let (Some(covered), Some(total)) = (covered, total) else { return Ok(None) };
    Ok(Some(Coverage { covered: unsigned(TABLE, covered)?, total: unsigned(TABLE, total)? }))
}

/// The files of a build, by name.
pub(super) async fn files(
    db: impl SqliteExecutor<'_>,
    build: BuildId,
    limit: u32,
) -> Result<Vec<(String, Coverage)>, StoreError> {
    let rows: Vec<(String, i64, i64)> = sqlx::query_as(concat!(files!(), " ORDER BY coverage.file LIMIT $2"))
        .bind(build.to_string())
        .bind(i64::from(limit))
        .fetch_all(db)
        .await?;
    rows.into_iter()
        .map(|(file, covered, total)| {
            Ok((file, Coverage { covered: unsigned(TABLE, covered)?, total: unsigned(TABLE, total)? }))
        })
        .collect()
}
