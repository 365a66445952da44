//! Table `pauses`: a row while the queue is paused.

use sqlx::SqliteExecutor;

use super::{Store, StoreError, model::Hold};

/// The one row.
const ID: i64 = 1;

impl Store {
    /// Gives nothing to any runner from here on. A second pause keeps the first one's time.
    pub async fn pause_queue(&self, by: &str) -> Result<(), StoreError> {
        let by = by.to_owned();
        self.write(move |tx| {
            Box::pin(async move {
                sqlx::query("INSERT INTO pauses (id, at, who) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING")
                    .bind(ID)
                    .bind(crate::clock::now())
                    .bind(by)
                    .execute(&mut *tx.connection)
                    .await?;
                Ok(())
            })
        })
        .await
    }

    /// Ends the pause, if there is one.
    pub async fn resume_queue(&self) -> Result<(), StoreError> {
        self.write(|tx| {
            Box::pin(async move {
                sqlx::query("DELETE FROM pauses WHERE id = $1").bind(ID).execute(&mut *tx.connection).await?;
                Ok(())
            })
        })
        .await
    }

    /// Since when the queue is paused, and by whom.
    pub async fn queue_pause(&self) -> Result<Option<Hold>, StoreError> {
        current(&self.readers).await
    }
}

/// The pause in force.
pub(super) async fn current(db: impl SqliteExecutor<'_>) -> Result<Option<Hold>, StoreError> {
    let row: Option<(i64, String)> =
        sqlx::query_as("SELECT at, who FROM pauses WHERE id = $1").bind(ID).fetch_optional(db).await?;
    Ok(row.map(|(at, by)| Hold { at, by }))
}
