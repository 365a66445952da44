//! Table `warnings`: what people should know of a build that changes no outcome. Of artifacts, caches, reports and whoever else
//! has something to say: runners tell it as [`JobNews::Warning`](slipway_pipelines::wire::JobNews::Warning), the server puts its own.

use slipway_pipelines::{
    ids::{BuildId, JobId},
    state::Millis,
};
use sqlx::SqliteExecutor;

use super::{
    StoreError,
    codec::{signed, unsigned},
    jobs::Job,
    model::Warning,
    row::row,
    writer::Tx,
};

const TABLE: &str = "warnings";
/// Most of an attempt of a job: what says itself a thousand times says nothing.
const MOST: i64 = 50;
/// Longest, in bytes.
const LONGEST: usize = 2000;

/// Keeps a warning about a step of a job's current attempt, or about all of it. Said again, it counts once.
pub(super) async fn put(
    tx: &mut Tx<'_>,
    job: &Job,
    step: Option<usize>,
    text: &str,
    now: Millis,
) -> Result<(), StoreError> {
    let text = &text[..text.floor_char_boundary(LONGEST)];
    sqlx::query(
        "INSERT INTO warnings (build, job, attempt, step, text, at) SELECT $1, $2, $3, $4, $5, $6 \
         WHERE (SELECT COUNT(*) FROM warnings WHERE job = $2 AND attempt = $3) < $7 \
         ON CONFLICT (job, attempt, step, text) DO NOTHING",
    )
    .bind(job.build.to_string())
    .bind(job.id.to_string())
    .bind(i64::from(job.attempt))
    .bind(step.map_or(-1, signed))
    .bind(text)
    .bind(now)
    .bind(MOST)
    .execute(&mut *tx.connection)
    .await?;
    tx.effects.build(job.build);
    Ok(())
}

row! {
    struct Row {
        position: i64,
        step: i64,
        text: String,
    }
}

/// Those of the last attempts of a build's jobs, in the order of the build.
pub(super) async fn of_build(db: impl SqliteExecutor<'_>, build: BuildId) -> Result<Vec<Warning>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT jobs.position, warnings.step, warnings.text FROM warnings \
         JOIN jobs ON jobs.id = warnings.job AND jobs.attempt = warnings.attempt \
         WHERE warnings.build = $1 ORDER BY jobs.position, warnings.step, warnings.at, warnings.text",
    )
    .bind(build.to_string())
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            let step = if row.step < 0 { None } else { Some(unsigned(TABLE, row.step)?) };
            Ok(Warning { job: unsigned(TABLE, row.position)?, step, text: row.text })
        })
        .collect()
}

/// Forgets those of an attempt that starts from its beginning.
pub(super) async fn forget(db: impl SqliteExecutor<'_>, job: JobId, attempt: u32) -> Result<(), StoreError> {
    let sql = "DELETE FROM warnings WHERE job = $1 AND attempt = $2 AND step NOT IN \
               (SELECT position FROM steps WHERE job = $1 AND attempt = $2 AND ran_in IS NOT NULL)";
    sqlx::query(sql).bind(job.to_string()).bind(i64::from(attempt)).execute(db).await?;
    Ok(())
}
