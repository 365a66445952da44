//! What the pages of queue and runners, and the metrics, show.

use std::collections::BTreeMap;

use super::{
    Store, StoreError,
    codec::{from_json, parse, unsigned},
    model::QueueEntry,
    row::row,
};

/// How many there are, by word.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Jobs by phase: `waiting`, `queued`, `leased`, `running`, `stopping`, `finished`.
    pub jobs: BTreeMap<String, u64>,
    /// Builds by status.
    pub builds: BTreeMap<String, u64>,
    /// Runners ever seen.
    pub runners: u64,
    /// Deliveries that are not done.
    pub pending_deliveries: u64,
}

row! {
    struct Row {
        id: String,
        name: String,
        repository: String,
        number: i64,
        state: String,
        labels: String,
    }
}

impl TryFrom<Row> for QueueEntry {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        const TABLE: &str = "jobs";
        Ok(Self {
            job: parse(TABLE, &row.id)?,
            name: row.name,
            repository: parse(TABLE, &row.repository)?,
            number: unsigned(TABLE, row.number)?,
            state: from_json(TABLE, &row.state)?,
            labels: from_json(TABLE, &row.labels)?,
        })
    }
}

impl Store {
    /// All jobs that are not finished, oldest build first.
    pub async fn queue(&self) -> Result<Vec<QueueEntry>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT jobs.id, jobs.name, repositories.name AS repository, builds.number, jobs.state, jobs.labels \
             FROM jobs JOIN builds ON builds.id = jobs.build JOIN repositories ON repositories.id = builds.repository \
             WHERE jobs.phase <> 'finished' ORDER BY jobs.build, jobs.position",
        )
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(QueueEntry::try_from).collect()
    }

    /// Counts for the metrics.
    pub async fn counts(&self) -> Result<Counts, StoreError> {
        let words =
            |rows: Vec<(String, i64)>| rows.into_iter().map(|(word, n)| (word, n.max(0).cast_unsigned())).collect();
        let jobs = sqlx::query_as("SELECT phase, COUNT(*) FROM jobs GROUP BY phase").fetch_all(&self.readers).await?;
        let builds =
            sqlx::query_as("SELECT status, COUNT(*) FROM builds GROUP BY status").fetch_all(&self.readers).await?;
        let runners: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM runners").fetch_one(&self.readers).await?;
        let pending: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM deliveries WHERE pending").fetch_one(&self.readers).await?;
        Ok(Counts {
            jobs: words(jobs),
            builds: words(builds),
            runners: runners.max(0).cast_unsigned(),
            pending_deliveries: pending.max(0).cast_unsigned(),
        })
    }
}
