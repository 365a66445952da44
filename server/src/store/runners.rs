//! Table `runners`.

use slipway_pipelines::{ids::RunnerId, wire::Hello};
use sqlx::SqliteExecutor;

use super::{
    Store, StoreError,
    codec::{from_json, parse, to_json, unsigned},
    model::{Hold, Runner, TokenId},
    row::row,
    tokens,
};

const TABLE: &str = "runners";

row! {
    struct Row {
        id: String,
        token: String,
        name: String,
        version: String,
        labels: String,
        slots: i64,
        seen: i64,
        drained: Option<i64>,
        drained_by: Option<String>,
    }
}

impl TryFrom<Row> for Runner {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: parse(TABLE, &row.id)?,
            name: row.name,
            version: row.version,
            labels: from_json(TABLE, &row.labels)?,
            slots: unsigned(TABLE, row.slots)?,
            seen: row.seen,
            token: TokenId(row.token),
            drained: row.drained.map(|at| Hold { at, by: row.drained_by.unwrap_or_default() }),
        })
    }
}

impl Store {
    /// Takes a runner in, or what is new about it. Its id belongs to the token that first came with it, as long as that
    /// token exists: [`StoreError::Exists`] for another.
    pub async fn runner_says_hello(&self, hello: &Hello, token: TokenId) -> Result<(), StoreError> {
        let hello = Hello { holding: Vec::new(), ..hello.clone() };
        self.write(move |tx| {
            Box::pin(async move {
                if let Some(known) = by_id(&mut *tx.connection, hello.runner).await?
                    && known.token != token
                    && tokens::exists(&mut *tx.connection, &known.token).await?
                {
                    return Err(StoreError::Exists);
                }
                upsert(&mut *tx.connection, &hello, &token).await
            })
        })
        .await
    }

    /// All runners, by name.
    pub async fn runners(&self) -> Result<Vec<Runner>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as("SELECT * FROM runners ORDER BY name, id").fetch_all(&self.readers).await?;
        rows.into_iter().map(Runner::try_from).collect()
    }

    /// Keeps new jobs from a runner, or gives it some again when there is nobody who wants it so.
    pub async fn drain_runner(&self, id: RunnerId, by: Option<&str>) -> Result<(), StoreError> {
        let by = by.map(str::to_owned);
        self.write(move |tx| {
            Box::pin(async move {
                let done = sqlx::query(
                    "UPDATE runners SET drained = CASE WHEN $2 IS NULL THEN NULL ELSE COALESCE(drained, $3) END, \
                     drained_by = CASE WHEN $2 IS NULL THEN NULL ELSE COALESCE(drained_by, $2) END WHERE id = $1",
                )
                .bind(id.to_string())
                .bind(by)
                .bind(crate::clock::now())
                .execute(&mut *tx.connection)
                .await?;
                if done.rows_affected() == 0 { Err(StoreError::NotFound) } else { Ok(()) }
            })
        })
        .await
    }

    /// The runner of an id.
    pub async fn runner(&self, id: RunnerId) -> Result<Option<Runner>, StoreError> {
        by_id(&self.readers, id).await
    }
}

/// The runner of an id.
pub(super) async fn by_id(db: impl SqliteExecutor<'_>, id: RunnerId) -> Result<Option<Runner>, StoreError> {
    let row: Option<Row> =
        sqlx::query_as("SELECT * FROM runners WHERE id = $1").bind(id.to_string()).fetch_optional(db).await?;
    row.map(Runner::try_from).transpose()
}

async fn upsert(db: impl SqliteExecutor<'_>, hello: &Hello, token: &TokenId) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO runners (id, token, name, version, labels, slots, seen) VALUES ($1, $2, $3, $4, $5, $6, $7) \
         ON CONFLICT (id) DO UPDATE SET token = excluded.token, name = excluded.name, version = excluded.version, \
         labels = excluded.labels, slots = excluded.slots, seen = excluded.seen",
    )
    .bind(hello.runner.to_string())
    .bind(&token.0)
    .bind(&hello.name)
    .bind(&hello.version)
    .bind(to_json(TABLE, &hello.labels)?)
    .bind(i64::from(hello.slots))
    .bind(crate::clock::now())
    .execute(db)
    .await?;
    Ok(())
}

/// Notes that a runner was heard.
pub(super) async fn seen(db: impl SqliteExecutor<'_>, id: RunnerId) -> Result<(), StoreError> {
    sqlx::query("UPDATE runners SET seen = $2 WHERE id = $1")
        .bind(id.to_string())
        .bind(crate::clock::now())
        .execute(db)
        .await?;
    Ok(())
}
