//! Builds, tests and logs that a search looks at, newest build first. Ids of builds rise with time.

use slipway_pipelines::ids::{BuildId, RepositoryId};
use sqlx::AssertSqlSafe;

use super::{
    Store, StoreError, builds,
    codec::{parse, unsigned},
    home::escaped,
    model::{BuildSummary, LogPlace, TestPlace},
    results,
    row::row,
};
use crate::logs::LogAddress;
use slipway_pipelines::repository::RepositoryName;

const TABLE: &str = "builds";
/// Before all ids, and after all: they are of hex digits and dashes.
const FIRST: &str = "";
const LAST: &str = "z";

row! {
    struct PlaceRow {
        build: String,
        number: i64,
        repository: String,
        job: String,
        job_position: i64,
        job_name: String,
        last_attempt: i64,
        attempt: i64,
        position: i64,
        name: String,
        log_bytes: Option<i64>,
    }
}

row! {
    struct TestRow {
        id: Vec<u8>,
        repository: String,
        suite: String,
        name: String,
        file: String,
        number: i64,
        outcome: String,
    }
}

impl TryFrom<PlaceRow> for LogPlace {
    type Error = StoreError;

    fn try_from(row: PlaceRow) -> Result<Self, StoreError> {
        let (attempt, last): (u32, u32) = (unsigned(TABLE, row.attempt)?, unsigned(TABLE, row.last_attempt)?);
        let step = unsigned(TABLE, row.position)?;
        Ok(Self {
            build: parse(TABLE, &row.build)?,
            repository: parse(TABLE, &row.repository)?,
            number: unsigned(TABLE, row.number)?,
            job: unsigned(TABLE, row.job_position)?,
            job_name: row.job_name,
            step_name: row.name,
            log: LogAddress { job: parse(TABLE, &row.job)?, attempt, step },
            is_last: attempt == last,
            bytes: unsigned(TABLE, row.log_bytes.unwrap_or(0))?,
        })
    }
}

/// A statement with a condition for one repository, whose id is bound last as `$3`.
fn of_one(repository: Option<RepositoryId>, before: &str, after: &str) -> AssertSqlSafe<String> {
    let only = if repository.is_some() { " AND builds.repository = $3" } else { "" };
    // Safe: all parts are written in this file.
    AssertSqlSafe(format!("{before}{only}{after}"))
}

impl Store {
    /// The logs of some builds from one on, or from the newest; and the build that comes after those.
    pub async fn log_places(
        &self,
        repository: Option<RepositoryId>,
        from: Option<BuildId>,
        limit: u32,
    ) -> Result<(Vec<LogPlace>, Option<BuildId>), StoreError> {
        let mut moment = self.readers.begin().await?;
        let from = from.map_or_else(|| LAST.to_owned(), |id| id.to_string());
        let sql = of_one(repository, "SELECT id FROM builds WHERE id <= $1", " ORDER BY id DESC LIMIT $2");
        let mut query = sqlx::query_scalar(sql).bind(&from).bind(i64::from(limit) + 1);
        if let Some(repository) = repository {
            query = query.bind(repository.to_string());
        }
        let mut ids: Vec<String> = query.fetch_all(&mut *moment).await?;
        let older = (ids.len() > limit as usize).then(|| ids.pop()).flatten();
        let (Some(newest), Some(oldest)) = (ids.first(), ids.last()) else { return Ok((Vec::new(), None)) };
        let sql = of_one(
            repository,
            "SELECT builds.id AS build, builds.number, repositories.name AS repository, jobs.id AS job, \
             jobs.position AS job_position, jobs.name AS job_name, jobs.attempt AS last_attempt, steps.attempt, \
             steps.position, steps.name, steps.log_bytes FROM builds \
             JOIN repositories ON repositories.id = builds.repository JOIN jobs ON jobs.build = builds.id \
             JOIN steps ON steps.job = jobs.id \
             WHERE builds.id <= $1 AND builds.id >= $2 AND steps.ran_in IS NULL AND (steps.log_bytes > 0 OR NOT steps.finished)",
            " ORDER BY builds.id DESC, jobs.position, steps.attempt DESC, steps.position",
        );
        let mut query = sqlx::query_as::<_, PlaceRow>(sql).bind(newest).bind(oldest);
        if let Some(repository) = repository {
            query = query.bind(repository.to_string());
        }
        let rows = query.fetch_all(&mut *moment).await?;
        let places = rows.into_iter().map(LogPlace::try_from).collect::<Result<_, _>>()?;
        Ok((places, older.map(|id| parse(TABLE, &id)).transpose()?))
    }

    /// Builds of commits whose name begins so, before a build if one is given.
    pub async fn builds_of_commit(
        &self,
        repository: Option<RepositoryId>,
        prefix: &str,
        before: Option<BuildId>,
        limit: u32,
    ) -> Result<Vec<(RepositoryName, BuildSummary)>, StoreError> {
        let repository = repository.map(|id| id.to_string());
        // After all hex digits comes `g`.
        let range = (prefix.to_owned(), format!("{prefix}g"));
        let before = before.map_or_else(|| LAST.to_owned(), |id| id.to_string());
        builds::of_commit(&self.readers, range, before, repository, limit).await
    }

    /// The builds of a stretch before one, or of the newest, that have a text somewhere in what is known of their cause;
    /// and the last one of the stretch, unless it was the oldest of all. An empty text is in all.
    pub async fn builds_like(
        &self,
        repository: Option<RepositoryId>,
        text: &str,
        before: Option<BuildId>,
        window: u32,
    ) -> Result<(Vec<(RepositoryName, BuildSummary)>, Option<BuildId>), StoreError> {
        let before = before.map_or_else(|| LAST.to_owned(), |id| id.to_string());
        let sql = of_one(repository, "SELECT id FROM builds WHERE id < $1", " ORDER BY id DESC LIMIT 1 OFFSET $2");
        let mut query = sqlx::query_scalar(sql).bind(&before).bind(i64::from(window) - 1);
        if let Some(repository) = repository {
            query = query.bind(repository.to_string());
        }
        let last: Option<String> = query.fetch_optional(&self.readers).await?;
        let quoted = serde_json::to_string(&text.to_ascii_lowercase()).unwrap_or_default();
        let inside = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
        let stretch = (before, last.clone().unwrap_or_else(|| FIRST.to_owned()));
        let pattern = format!("%{}%", escaped(inside));
        let found = builds::like(&self.readers, stretch, pattern, repository.map(|id| id.to_string())).await?;
        Ok((found, last.map(|id| parse(TABLE, &id)).transpose()?))
    }

    /// Tests whose name has a text in it; those that ran last first.
    pub async fn tests_like(
        &self,
        repository: Option<RepositoryId>,
        text: &str,
        limit: u32,
    ) -> Result<Vec<TestPlace>, StoreError> {
        let only = if repository.is_some() { " AND tests.repository = $3" } else { "" };
        // Safe: all parts are written here.
        let sql = AssertSqlSafe(format!(
            "SELECT tests.id, repositories.name AS repository, tests.suite, tests.name, tests.file, tests.number, \
             tests.outcome FROM tests JOIN repositories ON repositories.id = tests.repository \
             WHERE LOWER(tests.name) LIKE $1 ESCAPE '\\'{only} ORDER BY tests.number DESC, tests.name LIMIT $2"
        ));
        let pattern = format!("%{}%", escaped(&text.to_ascii_lowercase()));
        let mut query = sqlx::query_as::<_, TestRow>(sql).bind(pattern).bind(i64::from(limit));
        if let Some(repository) = repository {
            query = query.bind(repository.to_string());
        }
        let place = |row: TestRow| {
            Ok(TestPlace {
                id: results::id(&row.id)?,
                repository: parse("tests", &row.repository)?,
                suite: row.suite,
                name: row.name,
                file: row.file,
                number: unsigned("tests", row.number)?,
                outcome: results::outcome(&row.outcome)?,
            })
        };
        query.fetch_all(&self.readers).await?.into_iter().map(place).collect()
    }
}
