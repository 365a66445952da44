//! Table `crons`: when builds start by themselves.

use slipway_pipelines::{
    ids::{DeliveryId, RepositoryId},
    state::Millis,
};
use uuid::Uuid;

use super::{
    Store, StoreError,
    codec::{from_json, parse, to_json},
    deliveries,
    model::{Cron, CronFired, DeliveryState, Forge, NewCron, NewDelivery},
    row::row,
    writer::Tx,
};
use crate::crons::Schedule;

const TABLE: &str = "crons";

row! {
    struct Row {
        name: String,
        schedule: String,
        branch: Option<String>,
        next: Option<i64>,
        received: Option<i64>,
        state: Option<String>,
    }
}

row! {
    struct DueRow {
        repository: String,
        name: String,
        schedule: String,
        branch: Option<String>,
    }
}

impl TryFrom<Row> for Cron {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let state: Option<DeliveryState> = row.state.map(|state| from_json("deliveries", &state)).transpose()?;
        let Row { name, schedule, branch, next, received, .. } = row;
        Ok(Self { name, schedule, branch, next, last: received.zip(state) })
    }
}

impl Store {
    /// A repository's crons, by name.
    pub async fn crons(&self, repository: RepositoryId) -> Result<Vec<Cron>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT crons.name, crons.schedule, crons.branch, crons.next, deliveries.received, deliveries.state \
             FROM crons LEFT JOIN deliveries ON deliveries.id = crons.last \
             WHERE crons.repository = $1 ORDER BY crons.name",
        )
        .bind(repository.to_string())
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(Cron::try_from).collect()
    }

    /// Keeps a cron; one of the same name is replaced.
    pub async fn put_cron(&self, repository: RepositoryId, new: NewCron) -> Result<(), StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                sqlx::query(
                    "INSERT INTO crons (repository, name, schedule, branch, next) VALUES ($1, $2, $3, $4, $5) \
                     ON CONFLICT (repository, name) DO UPDATE SET schedule = excluded.schedule, \
                     branch = excluded.branch, next = excluded.next",
                )
                .bind(repository.to_string())
                .bind(new.name)
                .bind(new.schedule)
                .bind(new.branch)
                .bind(new.next)
                .execute(&mut *tx.connection)
                .await?;
                Ok(())
            })
        })
        .await
    }

    /// Forgets a cron. [`StoreError::NotFound`] if there is none of the name.
    pub async fn delete_cron(&self, repository: RepositoryId, name: String) -> Result<(), StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                let done = sqlx::query("DELETE FROM crons WHERE repository = $1 AND name = $2")
                    .bind(repository.to_string())
                    .bind(name)
                    .execute(&mut *tx.connection)
                    .await?;
                if done.rows_affected() == 0 { Err(StoreError::NotFound) } else { Ok(()) }
            })
        })
        .await
    }

    /// When the first of all crons comes due.
    pub async fn next_cron(&self) -> Result<Option<Millis>, StoreError> {
        Ok(sqlx::query_scalar("SELECT MIN(next) FROM crons WHERE next IS NOT NULL").fetch_one(&self.readers).await?)
    }

    /// Makes a delivery of each cron that is due, and moves it on past that time: what was missed meanwhile is done once.
    pub async fn fire_crons(&self, now: Millis) -> Result<Vec<DeliveryId>, StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                let due: Vec<DueRow> = sqlx::query_as(
                    "SELECT repository, name, schedule, branch FROM crons WHERE next <= $1 ORDER BY next, name",
                )
                .bind(now)
                .fetch_all(&mut *tx.connection)
                .await?;
                let mut made = Vec::with_capacity(due.len());
                for DueRow { repository, name, schedule, branch } in due {
                    let next = Schedule::parse(&schedule).ok().and_then(|schedule| schedule.after(now));
                    sqlx::query("UPDATE crons SET next = $3 WHERE repository = $1 AND name = $2")
                        .bind(&repository)
                        .bind(&name)
                        .bind(next)
                        .execute(&mut *tx.connection)
                        .await?;
                    made.push(fire(tx, parse(TABLE, &repository)?, name, branch).await?);
                }
                Ok(made)
            })
        })
        .await
    }

    /// Makes a delivery of a cron now; when it comes due stays. [`StoreError::NotFound`] if there is none of the name.
    pub async fn fire_cron(&self, repository: RepositoryId, name: String) -> Result<DeliveryId, StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                let branch: Option<Option<String>> =
                    sqlx::query_scalar("SELECT branch FROM crons WHERE repository = $1 AND name = $2")
                        .bind(repository.to_string())
                        .bind(&name)
                        .fetch_optional(&mut *tx.connection)
                        .await?;
                fire(tx, repository, name, branch.ok_or(StoreError::NotFound)?).await
            })
        })
        .await
    }
}

async fn fire(
    tx: &mut Tx<'_>,
    repository: RepositoryId,
    name: String,
    branch: Option<String>,
) -> Result<DeliveryId, StoreError> {
    let id = DeliveryId(Uuid::now_v7());
    let new = NewDelivery {
        repository,
        forge: Forge::Slipway,
        forge_id: id.to_string(),
        event: CronFired::EVENT.to_owned(),
        body: to_json(TABLE, &CronFired { cron: name.clone(), branch })?.into_bytes(),
        headers: Vec::new(),
    };
    deliveries::insert(&mut *tx.connection, id, &new).await?;
    sqlx::query("UPDATE crons SET last = $3 WHERE repository = $1 AND name = $2")
        .bind(repository.to_string())
        .bind(name)
        .bind(id.to_string())
        .execute(&mut *tx.connection)
        .await?;
    Ok(id)
}
