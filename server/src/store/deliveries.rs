//! Table `deliveries`.

use slipway_pipelines::ids::{DeliveryId, RepositoryId};
use sqlx::SqliteExecutor;
use uuid::Uuid;

use super::{
    Store, StoreError,
    codec::{corrupt, from_json, parse, to_json, unsigned},
    model::{Delivery, DeliveryState, DeliveryStored, DeliverySummary, Forge, NewDelivery},
    row::row,
};

const TABLE: &str = "deliveries";

row! {
    struct Row {
        id: String,
        repository: String,
        forge: String,
        forge_id: String,
        event: String,
        body: Vec<u8>,
        received: i64,
        state: String,
        headers: String,
    }
}

row! {
    struct SummaryRow {
        id: String,
        forge_id: String,
        event: String,
        bytes: i64,
        received: i64,
        state: String,
    }
}

impl TryFrom<SummaryRow> for DeliverySummary {
    type Error = StoreError;

    fn try_from(row: SummaryRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: parse(TABLE, &row.id)?,
            forge_id: row.forge_id,
            event: row.event,
            bytes: unsigned(TABLE, row.bytes)?,
            received: row.received,
            state: from_json(TABLE, &row.state)?,
        })
    }
}

impl TryFrom<Row> for Delivery {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: parse(TABLE, &row.id)?,
            repository: parse(TABLE, &row.repository)?,
            forge: Forge::parse(&row.forge).ok_or_else(|| corrupt(TABLE, format_args!("forge `{}`", row.forge)))?,
            forge_id: row.forge_id,
            event: row.event,
            body: row.body,
            received: row.received,
            state: from_json(TABLE, &row.state)?,
            headers: from_json(TABLE, &row.headers)?,
        })
    }
}

impl Store {
    /// Deliveries of a repository, newest first, those before one if it is given.
    pub async fn deliveries(
        &self,
        repository: RepositoryId,
        before: Option<DeliveryId>,
        limit: u32,
    ) -> Result<Vec<DeliverySummary>, StoreError> {
        let rows: Vec<SummaryRow> = sqlx::query_as(
            "SELECT id, forge_id, event, LENGTH(body) AS bytes, received, state FROM deliveries \
             WHERE repository = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
        )
        .bind(repository.to_string())
        // Ids are of hex digits and dashes: all are before this.
        .bind(before.map_or_else(|| "z".to_owned(), |id| id.to_string()))
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(DeliverySummary::try_from).collect()
    }

    /// Stores a webhook request; when this returns, it is on the disk. A second one with the same id is only looked up.
    pub async fn store_delivery(&self, new: NewDelivery) -> Result<DeliveryStored, StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                if let Some((id, state)) = known(&mut *tx.connection, &new).await? {
                    return Ok(DeliveryStored::Known { id, state });
                }
                let id = DeliveryId(Uuid::now_v7());
                insert(&mut *tx.connection, id, &new).await?;
                Ok(DeliveryStored::Fresh(id))
            })
        })
        .await
    }

    /// A stored request.
    pub async fn delivery(&self, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
        let row: Option<Row> = sqlx::query_as("SELECT * FROM deliveries WHERE id = $1")
            .bind(id.to_string())
            .fetch_optional(&self.readers)
            .await?;
        row.map(Delivery::try_from).transpose()
    }

    /// Those in state [`DeliveryState::Received`], oldest first: to be done after a restart.
    pub async fn pending_deliveries(&self) -> Result<Vec<Delivery>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as("SELECT * FROM deliveries WHERE pending ORDER BY received, id")
            .fetch_all(&self.readers)
            .await?;
        rows.into_iter().map(Delivery::try_from).collect()
    }

    /// Says what became of a delivery. One that has made a build keeps that.
    pub async fn finish_delivery(&self, id: DeliveryId, state: DeliveryState) -> Result<(), StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                match delivery_state(&mut *tx.connection, id).await? {
                    DeliveryState::Built { .. } => Ok(()),
                    DeliveryState::Received | DeliveryState::Ignored { .. } | DeliveryState::Failed { .. } => {
                        set_state(&mut *tx.connection, id, &state).await
                    }
                }
            })
        })
        .await
    }
}

async fn known(
    db: impl SqliteExecutor<'_>,
    new: &NewDelivery,
) -> Result<Option<(DeliveryId, DeliveryState)>, StoreError> {
    let row: Option<(String, String)> =
        sqlx::query_as("SELECT id, state FROM deliveries WHERE repository = $1 AND forge_id = $2")
            .bind(new.repository.to_string())
            .bind(&new.forge_id)
            .fetch_optional(db)
            .await?;
    row.map(|(id, state)| Ok((parse(TABLE, &id)?, from_json(TABLE, &state)?))).transpose()
}

/// A new one.
pub(super) async fn insert(db: impl SqliteExecutor<'_>, id: DeliveryId, new: &NewDelivery) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO deliveries (id, repository, forge, forge_id, event, body, received, state, pending, headers) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, TRUE, $9)",
    )
    .bind(id.to_string())
    .bind(new.repository.to_string())
    .bind(new.forge.as_str())
    .bind(&new.forge_id)
    .bind(&new.event)
    .bind(&new.body)
    .bind(crate::clock::now())
    .bind(to_json(TABLE, &DeliveryState::Received)?)
    .bind(to_json(TABLE, &new.headers)?)
    .execute(db)
    .await?;
    Ok(())
}

/// What became of a delivery.
pub(super) async fn delivery_state(db: impl SqliteExecutor<'_>, id: DeliveryId) -> Result<DeliveryState, StoreError> {
    let state: String = sqlx::query_scalar("SELECT state FROM deliveries WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(db)
        .await?
        .ok_or(StoreError::NotFound)?;
    from_json(TABLE, &state)
}

/// Changes what became of a delivery.
pub(super) async fn set_state(
    db: impl SqliteExecutor<'_>,
    id: DeliveryId,
    state: &DeliveryState,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE deliveries SET state = $2, pending = $3 WHERE id = $1")
        .bind(id.to_string())
        .bind(to_json(TABLE, state)?)
        .bind(matches!(state, DeliveryState::Received))
        .execute(db)
        .await?;
    Ok(())
}
