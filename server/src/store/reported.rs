//! What a build's steps reported, over the tables `reports`, `results` and `coverage`.

use slipway_pipelines::{ids::BuildId, trigger::Trigger};
use sqlx::SqliteConnection;

use super::{
    Store, StoreError,
    codec::{from_json, signed, unsigned},
    coverage,
    model::{
        BuildDetail, BuildSummary, CaseFilter, CaseOrder, CaseRow, Coverage, ReportSummary, Repository, TestCounts,
    },
    reports, results,
};

const TABLE: &str = "builds";
/// How many finished builds back one to compare with is looked for.
const BACK: i64 = 50;

/// The tests and the coverage of a build in numbers.
pub(super) async fn summary(
    db: &mut SqliteConnection,
    repository: &Repository,
    build: &BuildSummary,
) -> Result<ReportSummary, StoreError> {
    let id = build.id;
    let coverage = coverage::of_build(&mut *db, id).await?;
    let Some(sums) = reports::counting_sums(&mut *db, id).await? else {
        return Ok(ReportSummary { coverage, ..ReportSummary::default() });
    };
    let other = compared_with(&mut *db, repository, build).await?;
    let new_failures = match (&other, sums.failed) {
        (Some((other, _)), 1..) => results::count_new(&mut *db, &id.to_string(), &other.to_string()).await?,
        _ => 0,
    };
    let tests = TestCounts {
        passed: sums.passed,
        failed: sums.failed,
        skipped: sums.skipped,
        new_failures,
        duration_ms: sums.duration_ms,
    };
    Ok(ReportSummary { tests: Some(tests), coverage, compared_with: other.map(|(_, number)| number) })
}

impl Store {
    /// Test cases of a build.
    pub async fn cases(
        &self,
        build: &BuildDetail,
        filter: CaseFilter,
        order: CaseOrder,
        page: (u32, u64),
    ) -> Result<Vec<CaseRow>, StoreError> {
        let mut moment = self.readers.begin().await?;
        let other = compared_with(&mut moment, &build.repository, &build.summary).await?;
        let other = other.map(|(other, _)| other.to_string()).unwrap_or_default();
        let id = build.summary.id.to_string();
        results::of_build(&mut *moment, (&id, &other), filter, order, page).await
    }

    /// Coverage of a build by file.
    pub async fn coverage_files(&self, build: BuildId, limit: u32) -> Result<Vec<(String, Coverage)>, StoreError> {
        coverage::files(&self.readers, build, limit).await
    }
}

/// The build that tells which failures are new: the last one before it that is finished and has tests, of the same branch,
/// or else of the default branch. That of a pull request is of its target branch, and is no measure for others.
async fn compared_with(
    db: &mut SqliteConnection,
    repository: &Repository,
    build: &BuildSummary,
) -> Result<Option<(BuildId, u64)>, StoreError> {
    let branch = build.trigger.branch();
    let default = repository.default_branch.as_str();
    for branch in [branch, default] {
        if branch.is_empty() {
            continue;
        }
        let rows: Vec<(String, i64, String)> = sqlx::query_as(
            "SELECT id, number, trigger_json FROM builds WHERE repository = $1 AND branch = $2 AND number < $3 \
             AND finished IS NOT NULL ORDER BY number DESC LIMIT $4",
        )
        .bind(repository.id.to_string())
        .bind(branch)
        .bind(signed(build.number))
        .bind(BACK)
        .fetch_all(&mut *db)
        .await?;
        for (id, number, trigger) in rows {
            let trigger: Trigger = from_json(TABLE, &trigger)?;
            if !trigger.event().is_pull_request() && results::has_some(&mut *db, &id).await? {
                return Ok(Some((super::codec::parse(TABLE, &id)?, unsigned(TABLE, number)?)));
            }
        }
    }
    Ok(None)
}
