//! Table `archived_logs`: logs that are in the storage.

use slipway_pipelines::{ids::JobId, state::Millis};
use sqlx::SqlitePool;

use super::{
    Store, StoreError,
    codec::{parse, signed, unsigned},
    jobs,
    row::row,
};
use crate::logs::LogAddress;

const TABLE: &str = "archived_logs";

row! {
    struct Row {
        length: i64,
        stored: i64,
        removed: bool,
    }
}

/// What is known of a log in the storage.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ArchivedLog {
    /// It is there.
    Kept {
        /// Bytes of text.
        length: u64,
        /// Bytes of the object.
        stored: u64,
    },
    /// It was removed after its time.
    Removed,
}

/// Looks for logs in the storage, without a way to the writer: the writer's own effects reach the logs.
#[derive(Clone, Debug)]
pub struct LogIndex {
    readers: SqlitePool,
}

impl LogIndex {
    /// What is known of a log; `None` when it is not in the storage.
    pub async fn find(&self, address: LogAddress) -> Result<Option<ArchivedLog>, StoreError> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT length, stored, removed FROM archived_logs WHERE job = $1 AND attempt = $2 AND step = $3",
        )
        .bind(address.job.to_string())
        .bind(i64::from(address.attempt))
        .bind(signed(address.step))
        .fetch_optional(&self.readers)
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(match row.removed {
            true => ArchivedLog::Removed,
            false => ArchivedLog::Kept { length: unsigned(TABLE, row.length)?, stored: unsigned(TABLE, row.stored)? },
        }))
    }
}

impl Store {
    /// Where logs in the storage are looked up.
    pub fn log_index(&self) -> LogIndex {
        LogIndex { readers: self.readers.clone() }
    }

    /// Notes that a log is in the storage, with its length there, the time of its last byte, and which line says what went
    /// wrong if that was looked for.
    pub async fn log_archived(
        &self,
        address: LogAddress,
        (length, stored): (u64, u64),
        written: Millis,
        trouble: Option<Option<u64>>,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                sqlx::query(
                    "INSERT INTO archived_logs (job, attempt, step, length, stored, written, trouble) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (job, attempt, step) DO UPDATE \
                     SET length = excluded.length, stored = excluded.stored, written = excluded.written, \
                     trouble = excluded.trouble, removed = FALSE",
                )
                .bind(address.job.to_string())
                .bind(i64::from(address.attempt))
                .bind(signed(address.step))
                .bind(signed(length))
                .bind(signed(stored))
                .bind(written)
                .bind(trouble.map(|line| signed(line.unwrap_or(0))))
                .execute(&mut *tx.connection)
                .await?;
                Ok(())
            })
        })
        .await
    }

    /// The line of a log in the storage that says what went wrong; `None` when that was not looked for.
    pub async fn log_trouble(&self, address: LogAddress) -> Result<Option<Option<u64>>, StoreError> {
        let found: Option<Option<i64>> = sqlx::query_scalar(
            "SELECT trouble FROM archived_logs WHERE job = $1 AND attempt = $2 AND step = $3 AND NOT removed",
        )
        .bind(address.job.to_string())
        .bind(i64::from(address.attempt))
        .bind(signed(address.step))
        .fetch_optional(&self.readers)
        .await?;
        let line = |line: i64| unsigned(TABLE, line).map(|line: u64| (line > 0).then_some(line));
        found.flatten().map(line).transpose()
    }

    /// Some logs in the storage whose last byte was written before a time, oldest first.
    pub async fn logs_before(&self, time: Millis, most: u32) -> Result<Vec<LogAddress>, StoreError> {
        let rows: Vec<(String, i64, i64)> = sqlx::query_as(
            "SELECT job, attempt, step FROM archived_logs WHERE written < $1 AND NOT removed ORDER BY written LIMIT $2",
        )
        .bind(time)
        .bind(i64::from(most))
        .fetch_all(&self.readers)
        .await?;
        let address = |(job, attempt, step): (String, i64, i64)| {
            Ok(LogAddress {
                job: parse(TABLE, &job)?,
                attempt: unsigned(TABLE, attempt)?,
                step: unsigned(TABLE, step)?,
            })
        };
        rows.into_iter().map(address).collect()
    }

    /// Notes that logs were removed after their time.
    pub async fn logs_removed(&self, addresses: Vec<LogAddress>) -> Result<(), StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                for address in addresses {
                    sqlx::query(
                        "UPDATE archived_logs SET removed = TRUE WHERE job = $1 AND attempt = $2 AND step = $3",
                    )
                    .bind(address.job.to_string())
                    .bind(i64::from(address.attempt))
                    .bind(signed(address.step))
                    .execute(&mut *tx.connection)
                    .await?;
                }
                Ok(())
            })
        })
        .await
    }

    /// Whether nobody writes the logs of an attempt any more: the job ended, or goes on in a later attempt.
    pub async fn attempt_is_over(&self, job: JobId, attempt: u32) -> Result<bool, StoreError> {
        let found = jobs::find(&self.readers, job).await?;
        Ok(found.is_some_and(|job| job.attempt > attempt || job.attempt == attempt && job.state.status().is_final()))
    }
}
