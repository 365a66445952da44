//! Table `commands`: where the commands of steps begin in their logs.

use slipway_pipelines::{
    ids::JobId,
    plan::{Plan, Program},
    state::Millis,
};
use sqlx::SqliteExecutor;

use super::{
    Store, StoreError,
    codec::{signed, unsigned},
    jobs,
    jobs::Job,
    model::CommandBegan,
    row::row,
    steps,
    writer::Tx,
};
use crate::logs::LogAddress;

const TABLE: &str = "commands";

row! {
    struct Row {
        place: i64,
        number: i64,
        at: i64,
    }
}

/// Keeps where a command of a step began. Said again of the same place, the first time holds.
pub(super) async fn put(
    tx: &mut Tx<'_>,
    job: &Job,
    (step, number): (usize, usize),
    place: u64,
    at: Millis,
) -> Result<(), StoreError> {
    let state = steps::state(&mut *tx.connection, job.id, job.attempt, step).await?;
    state.ok_or(StoreError::NoSuchStep(step))?;
    sqlx::query(
        "INSERT INTO commands (job, attempt, step, place, number, at) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (job, attempt, step, place) DO NOTHING",
    )
    .bind(job.id.to_string())
    .bind(i64::from(job.attempt))
    .bind(signed(step))
    .bind(i64::try_from(place).unwrap_or(i64::MAX))
    .bind(signed(number))
    .bind(at)
    .execute(&mut *tx.connection)
    .await?;
    Ok(())
}

/// Forgets those of an attempt that starts from the beginning.
pub(super) async fn forget(db: impl SqliteExecutor<'_>, job: JobId, attempt: u32) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM commands WHERE job = $1 AND attempt = $2")
        .bind(job.to_string())
        .bind(i64::from(attempt))
        .execute(db)
        .await?;
    Ok(())
}

impl Store {
    /// The commands of a step that began, in the order of its log. One whose text the plan does not have is left out.
    pub async fn commands(&self, of: LogAddress) -> Result<Vec<CommandBegan>, StoreError> {
        let mut moment = self.readers.begin().await?;
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT place, number, at FROM commands WHERE job = $1 AND attempt = $2 AND step = $3 ORDER BY place",
        )
        .bind(of.job.to_string())
        .bind(i64::from(of.attempt))
        .bind(signed(of.step))
        .fetch_all(&mut *moment)
        .await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let plan = jobs::plan(&mut *moment, of.job).await?;
        let texts = texts(&plan, of.step);
        let mut began = Vec::with_capacity(rows.len());
        for Row { place, number, at } in rows {
            let number: usize = unsigned(TABLE, number)?;
            if let Some(text) = texts.get(number) {
                began.push(CommandBegan { number, text: text.clone(), offset: unsigned(TABLE, place)?, at });
            }
        }
        Ok(began)
    }
}

fn texts(plan: &Plan, step: usize) -> &[String] {
    match plan.steps.get(step).and_then(|step| step.container()).map(|container| &container.program) {
        Some(Program::Commands { commands }) => commands,
        _ => &[],
    }
}
