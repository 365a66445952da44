//! Table `caches`: entries of caches.

use slipway_pipelines::{
    ids::RepositoryId,
    lease::Claim,
    state::{JobState, Millis, Reason},
    trigger::Trigger,
    wire::CacheEntry,
};
use sqlx::SqliteExecutor;
use uuid::Uuid;

use super::{
    Store, StoreError, attempts, builds,
    codec::{parse, signed, unsigned},
    jobs,
    model::{Cached, NewCached},
    repositories,
    row::row,
};
use crate::clock;

const TABLE: &str = "caches";

row! {
    struct Row {
        id: String,
        scope: String,
        key: String,
        bytes: i64,
        sha256: String,
        problem: Option<String>,
        created: i64,
        used: i64,
    }
}

impl TryFrom<Row> for Cached {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let (id, bytes) = (parse(TABLE, &row.id)?, unsigned(TABLE, row.bytes)?);
        let entry = CacheEntry { id, key: row.key, bytes, sha256: row.sha256 };
        Ok(Self { entry, scope: row.scope, problem: row.problem, created: row.created, used: row.used })
    }
}

/// Whose caches a run of a job is about.
#[derive(Clone, Debug)]
pub struct CacheGround {
    /// The repository.
    pub repository: RepositoryId,
    /// Its default branch.
    pub default_branch: String,
    /// Why the build was started.
    pub trigger: Trigger,
    /// When the run ended, if it has and said so itself.
    pub ended: Option<Millis>,
}

impl Store {
    /// What a claim is about. [`StoreError::Stale`] when it is not the last of its attempt, or that was given up as lost.
    pub async fn cache_ground(&self, claim: Claim) -> Result<CacheGround, StoreError> {
        let mut moment = self.readers.begin().await?;
        let job = jobs::find(&mut *moment, claim.job).await?.ok_or(StoreError::Stale)?;
        let state = if job.attempt == claim.attempt && job.epoch == claim.epoch {
            job.state
        } else {
            attempts::of_claim(&mut *moment, claim).await?.ok_or(StoreError::Stale)?.0
        };
        let ended = match &state {
            JobState::Finished { finish, at, .. } if finish.reason != Reason::Lost => Some(*at),
            state if state.lease().is_some() => None,
            _ => return Err(StoreError::Stale),
        };
        let (repository, build) = builds::find(&mut *moment, job.build).await?.ok_or(StoreError::NotFound)?;
        let found = repositories::by_id(&mut *moment, &self.vault, repository).await?.ok_or(StoreError::NotFound)?;
        Ok(CacheGround { repository, default_branch: found.default_branch, trigger: build.trigger, ended })
    }

    /// The entry of a key in a scope, also one without bytes.
    pub async fn cache_of_key(
        &self,
        repository: RepositoryId,
        scope: &str,
        form: &str,
        key: &str,
    ) -> Result<Option<Cached>, StoreError> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT id, scope, key, bytes, sha256, problem, created, used FROM caches \
             WHERE repository = $1 AND scope = $2 AND form = $3 AND key = $4",
        )
        .bind(repository.to_string())
        .bind(scope)
        .bind(form)
        .bind(key)
        .fetch_optional(&self.readers)
        .await?;
        row.map(Cached::try_from).transpose()
    }

    /// The newest entry with bytes of a scope whose key begins so.
    pub async fn newest_cache(
        &self,
        repository: RepositoryId,
        scope: &str,
        form: &str,
        beginning: &str,
    ) -> Result<Option<Cached>, StoreError> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT id, scope, key, bytes, sha256, problem, created, used FROM caches \
             WHERE repository = $1 AND scope = $2 AND form = $3 AND substr(key, 1, length($4)) = $4 \
             AND problem IS NULL ORDER BY created DESC, id DESC LIMIT 1",
        )
        .bind(repository.to_string())
        .bind(scope)
        .bind(form)
        .bind(beginning)
        .fetch_optional(&self.readers)
        .await?;
        row.map(Cached::try_from).transpose()
    }

    /// An entry of a repository.
    pub async fn cache(&self, repository: RepositoryId, id: Uuid) -> Result<Option<Cached>, StoreError> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT id, scope, key, bytes, sha256, problem, created, used FROM caches WHERE repository = $1 AND id = $2",
        )
        .bind(repository.to_string())
        .bind(id.to_string())
        .fetch_optional(&self.readers)
        .await?;
        row.map(Cached::try_from).transpose()
    }

    /// All entries of a repository, those used last first.
    pub async fn caches(&self, repository: RepositoryId) -> Result<Vec<Cached>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, scope, key, bytes, sha256, problem, created, used FROM caches \
             WHERE repository = $1 ORDER BY used DESC, id DESC",
        )
        .bind(repository.to_string())
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(Cached::try_from).collect()
    }

    /// Whether there is an entry of this id.
    pub async fn has_cache(&self, id: Uuid) -> Result<bool, StoreError> {
        let found: Option<i64> = sqlx::query_scalar("SELECT 1 FROM caches WHERE id = $1")
            .bind(id.to_string())
            .fetch_optional(&self.readers)
            .await?;
        Ok(found.is_some())
    }

    /// Somebody uses an entry now.
    pub async fn use_cache(&self, id: Uuid) -> Result<(), StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                sqlx::query("UPDATE caches SET used = $1 WHERE id = $2")
                    .bind(clock::now())
                    .bind(id.to_string())
                    .execute(&mut *tx.connection)
                    .await?;
                Ok(())
            })
        })
        .await
    }

    /// Adds an entry, unless there is one of its key with bytes, and takes away those used longest ago until the repository has at
    /// most so many bytes. Gives the ids that are not there: those taken away, and its own if it was not added.
    pub async fn put_cache(&self, new: NewCached, most: u64) -> Result<Vec<Uuid>, StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                let db = &mut *tx.connection;
                let repository = new.repository;
                if !insert(&mut *db, &new).await? {
                    return Ok(vec![new.id]);
                }
                let rows: Vec<(String, i64)> = sqlx::query_as(
                    "SELECT id, bytes FROM caches WHERE repository = $1 AND problem IS NULL ORDER BY used DESC, id DESC",
                )
                .bind(repository.to_string())
                .fetch_all(&mut *db)
                .await?;
                let (mut all, mut gone) = (0u64, Vec::new());
                for (id, bytes) in rows {
                    all = all.saturating_add(unsigned(TABLE, bytes)?);
                    if all > most {
                        delete(&mut *db, &id).await?;
                        gone.push(parse(TABLE, &id)?);
                    }
                }
                Ok(gone)
            })
        })
        .await
    }

    /// Takes an entry of a repository away. [`StoreError::NotFound`] if there is none.
    pub async fn delete_cache(&self, repository: RepositoryId, id: Uuid) -> Result<(), StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                let done = sqlx::query("DELETE FROM caches WHERE repository = $1 AND id = $2")
                    .bind(repository.to_string())
                    .bind(id.to_string())
                    .execute(&mut *tx.connection)
                    .await?;
                if done.rows_affected() == 0 { Err(StoreError::NotFound) } else { Ok(()) }
            })
        })
        .await
    }
}

/// Says whether it was added. One without bytes makes room.
async fn insert(db: &mut sqlx::SqliteConnection, new: &NewCached) -> Result<bool, StoreError> {
    let now = clock::now();
    let done = sqlx::query(
        "INSERT INTO caches (id, repository, scope, key, form, bytes, sha256, problem, created, used) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) \
         ON CONFLICT (repository, scope, form, key) DO UPDATE SET id = excluded.id, bytes = excluded.bytes, \
         sha256 = excluded.sha256, problem = excluded.problem, created = excluded.created, used = excluded.used \
         WHERE caches.problem IS NOT NULL",
    )
    .bind(new.id.to_string())
    .bind(new.repository.to_string())
    .bind(&new.scope)
    .bind(&new.key)
    .bind(&new.form)
    .bind(signed(new.bytes))
    .bind(&new.sha256)
    .bind(&new.problem)
    .bind(now)
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

async fn delete(db: impl SqliteExecutor<'_>, id: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM caches WHERE id = $1").bind(id).execute(db).await?;
    Ok(())
}
