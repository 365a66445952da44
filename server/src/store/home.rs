//! What the first page shows: what is under way, and the repositories that were active last. A handful of statements,
//! however many repositories and builds there are.

use std::collections::HashMap;

use slipway_pipelines::ids::RepositoryId;
use sqlx::SqliteExecutor;

use super::{
    Store, StoreError, builds,
    codec::{from_json, parse, status, unsigned},
    jobs,
    model::{BuildSummary, Home, HomeRepository, Mark, OpenBuild},
    overview::entry,
    row::row,
};

const TABLE: &str = "builds";

/// The repositories that are shown: `$1` is the filter, `$2` how many. Numbers of builds have no gaps, so the newest build
/// of a repository is found by its number.
macro_rules! shown {
    ($rest:literal) => {
        concat!(
            "WITH shown AS (SELECT id, name, name_key, created AS made, default_branch, last_number, active ",
            "FROM repositories WHERE name_key LIKE $1 ESCAPE '\\' ORDER BY active DESC, name_key LIMIT $2) ",
            $rest
        )
    };
}

row! {
    struct Row {
        repository: String,
        name: String,
        made: i64,
        id: Option<String>,
        number: Option<i64>,
        trigger_json: Option<String>,
        parent: Option<i64>,
        status: Option<String>,
        finish: Option<String>,
        created: Option<i64>,
        started: Option<i64>,
        finished: Option<i64>,
    }
}

row! {
    struct MarkRow {
        repository: String,
        number: i64,
        branch: String,
        status: String,
        finish: Option<String>,
    }
}

impl TryFrom<Row> for HomeRepository {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let last = match (row.id, row.number, row.trigger_json, row.status, row.created) {
            (Some(id), Some(number), Some(trigger), Some(word), Some(created)) => Some(BuildSummary {
                id: parse(TABLE, &id)?,
                number: unsigned(TABLE, number)?,
                status: status(TABLE, &word)?,
                finish: row.finish.as_deref().map(|text| from_json(TABLE, text)).transpose()?,
                trigger: from_json(TABLE, &trigger)?,
                created,
                started: row.started,
                finished: row.finished,
                parent: row.parent.map(|number| unsigned(TABLE, number)).transpose()?,
            }),
            _ => None,
        };
        Ok(Self {
            id: parse(TABLE, &row.repository)?,
            name: parse(TABLE, &row.name)?,
            created: row.made,
            last,
            heads: Vec::new(),
            history: Vec::new(),
        })
    }
}

impl TryFrom<MarkRow> for Mark {
    type Error = StoreError;

    fn try_from(row: MarkRow) -> Result<Self, StoreError> {
        Ok(Self {
            number: unsigned(TABLE, row.number)?,
            branch: row.branch,
            status: status(TABLE, &row.status)?,
            finish: row.finish.as_deref().map(|text| from_json(TABLE, text)).transpose()?,
        })
    }
}

impl Store {
    /// The repositories that were active last, of those whose name has a text in it: `limit` of them, each with its last
    /// `history` builds and those of `branches` branches.
    pub async fn home(&self, filter: &str, limit: u32, (history, branches): (u32, u32)) -> Result<Home, StoreError> {
        let filter = format!("%{}%", escaped(&filter.to_ascii_lowercase()));
        let mut moment = self.readers.begin().await?;
        let rows: Vec<Row> = sqlx::query_as(shown!(
            "SELECT shown.id AS repository, shown.name, shown.made, builds.id, builds.number, builds.trigger_json, \
             builds.parent, builds.status, builds.finish, builds.created, builds.started, builds.finished FROM shown \
             LEFT JOIN builds ON builds.repository = shown.id AND builds.number = shown.last_number \
             ORDER BY shown.active DESC, shown.name_key"
        ))
        .bind(&filter)
        .bind(i64::from(limit))
        .fetch_all(&mut *moment)
        .await?;
        let mut repositories = rows.into_iter().map(HomeRepository::try_from).collect::<Result<Vec<_>, _>>()?;
        let marks: Vec<MarkRow> = sqlx::query_as(shown!(
            "SELECT builds.repository, builds.number, builds.branch, builds.status, builds.finish FROM shown \
             JOIN builds ON builds.repository = shown.id AND builds.number > shown.last_number - $3 \
             ORDER BY builds.repository, builds.number"
        ))
        .bind(&filter)
        .bind(i64::from(limit))
        .bind(i64::from(history))
        .fetch_all(&mut *moment)
        .await?;
        let heads: Vec<MarkRow> = sqlx::query_as(shown!(
            "SELECT builds.repository, builds.number, builds.branch, builds.status, builds.finish FROM shown \
             JOIN heads ON heads.repository = shown.id AND (heads.branch = shown.default_branch OR heads.number >= \
             COALESCE((SELECT other.number FROM heads AS other WHERE other.repository = shown.id \
             ORDER BY other.number DESC LIMIT 1 OFFSET $3), 0)) \
             JOIN builds ON builds.repository = shown.id AND builds.number = heads.number \
             ORDER BY builds.repository, builds.number DESC"
        ))
        .bind(&filter)
        .bind(i64::from(limit))
        .bind(i64::from(branches.saturating_sub(1)))
        .fetch_all(&mut *moment)
        .await?;
        let places: HashMap<RepositoryId, usize> =
            repositories.iter().enumerate().map(|(at, repository)| (repository.id, at)).collect();
        for (rows, is_history) in [(marks, true), (heads, false)] {
            for row in rows {
                let Some(&at) = places.get(&parse(TABLE, &row.repository)?) else { continue };
                let of = &mut repositories[at];
                let list = if is_history { &mut of.history } else { &mut of.heads };
                list.push(row.try_into()?);
            }
        }
        Ok(Home { repositories, matching: matching(&mut *moment, &filter).await? })
    }

    /// The oldest builds that are not finished, with what their jobs do or wait for; and how many there are in all.
    pub async fn open_builds(&self, limit: u32) -> Result<(Vec<OpenBuild>, u64), StoreError> {
        let mut moment = self.readers.begin().await?;
        let mut open = Vec::new();
        for (repository, build) in builds::open(&mut *moment, limit).await? {
            let of_build = jobs::of_build(&mut *moment, build.id).await?;
            let unfinished = of_build.iter().filter(|job| !job.state.status().is_final());
            let jobs = unfinished.map(|job| entry(job.clone(), &of_build, repository.clone(), build.number)).collect();
            open.push(OpenBuild { repository, build, jobs });
        }
        let all: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM builds WHERE finished IS NULL").fetch_one(&mut *moment).await?;
        Ok((open, unsigned(TABLE, all)?))
    }
}

/// How many repositories fit a filter.
async fn matching(db: impl SqliteExecutor<'_>, filter: &str) -> Result<u64, StoreError> {
    let all: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM repositories WHERE name_key LIKE $1 ESCAPE '\\'")
        .bind(filter)
        .fetch_one(db)
        .await?;
    Ok(all.max(0).cast_unsigned())
}

/// A text that stands for itself in a pattern.
pub(super) fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_filter_has_no_wildcards() {
        assert_eq!(super::escaped(r"a_b%c\d"), r"a\_b\%c\\d");
    }
}
