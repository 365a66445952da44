//! Table `repositories`.

use secrecy::SecretString;
use slipway_pipelines::{context::Trusted, ids::RepositoryId, repository::RepositoryName, state::Millis};
use sqlx::SqliteExecutor;
use uuid::Uuid;

use super::{
    Store, StoreError,
    codec::{corrupt, parse, signed},
    model::{Forge, NewRepository, Repository, TrustChange},
    row::row,
    sealing,
    tokens::random_text,
};
use crate::vault::Vault;

const TABLE: &str = "repositories";

row! {
    struct Row {
        id: String,
        name: String,
        forge: String,
        clone_url: Option<String>,
        sealed: Option<Vec<u8>>,
        default_branch: String,
        private: bool,
        trusted_network: bool,
        trusted_volumes: bool,
        trusted_security: bool,
        hook_id: String,
        hook_secret: String,
        created: i64,
    }
}

impl Row {
    fn open(self, vault: &Vault) -> Result<Repository, StoreError> {
        let row = self;
        let id = parse(TABLE, &row.id)?;
        let credential = row.sealed.map(|sealed| sealing::open_credential(vault, id, &sealed)).transpose()?;
        Ok(Repository {
            id,
            name: parse(TABLE, &row.name)?,
            forge: Forge::parse(&row.forge).ok_or_else(|| corrupt(TABLE, format_args!("forge `{}`", row.forge)))?,
            clone_url: row.clone_url,
            credential,
            default_branch: row.default_branch,
            private: row.private,
            trusted: Trusted {
                network: row.trusted_network,
                volumes: row.trusted_volumes,
                security: row.trusted_security,
            },
            hook_id: row.hook_id,
            hook_secret: SecretString::from(row.hook_secret),
            created: row.created,
        })
    }
}

fn key(name: &RepositoryName) -> String {
    name.to_string().to_ascii_lowercase()
}

impl Store {
    /// Makes a repository with a webhook address and key of its own. [`StoreError::Exists`] if the name is taken.
    pub async fn create_repository(&self, new: NewRepository) -> Result<Repository, StoreError> {
        let id = RepositoryId(Uuid::now_v7());
        self.write(move |tx| {
            Box::pin(async move {
                let credential = new.credential.as_ref();
                let sealed = credential.map(|value| sealing::seal_credential(tx.vault, id, value)).transpose()?;
                insert(&mut *tx.connection, id, &new, sealed).await?;
                by_id(&mut *tx.connection, tx.vault, id).await?.ok_or(StoreError::NotFound)
            })
        })
        .await
    }

    /// The repository of a name, whatever the case of its letters.
    pub async fn repository(&self, name: &RepositoryName) -> Result<Option<Repository>, StoreError> {
        let row: Option<Row> = sqlx::query_as("SELECT * FROM repositories WHERE name_key = $1")
            .bind(key(name))
            .fetch_optional(&self.readers)
            .await?;
        row.map(|row| row.open(&self.vault)).transpose()
    }

    /// The repository of an id.
    pub async fn repository_by_id(&self, id: RepositoryId) -> Result<Option<Repository>, StoreError> {
        by_id(&self.readers, &self.vault, id).await
    }

    /// The repository of a webhook address.
    pub async fn repository_by_hook(&self, forge: Forge, hook_id: &str) -> Result<Option<Repository>, StoreError> {
        let row: Option<Row> = sqlx::query_as("SELECT * FROM repositories WHERE hook_id = $1 AND forge = $2")
            .bind(hook_id)
            .bind(forge.as_str())
            .fetch_optional(&self.readers)
            .await?;
        row.map(|row| row.open(&self.vault)).transpose()
    }

    /// All repositories, by name.
    pub async fn repositories(&self) -> Result<Vec<Repository>, StoreError> {
        let rows: Vec<Row> =
            sqlx::query_as("SELECT * FROM repositories ORDER BY name_key").fetch_all(&self.readers).await?;
        rows.into_iter().map(|row| row.open(&self.vault)).collect()
    }

    /// Names of all repositories.
    pub async fn repositories_names(&self) -> Result<Vec<String>, StoreError> {
        Ok(sqlx::query_scalar("SELECT name FROM repositories ORDER BY name_key").fetch_all(&self.readers).await?)
    }

    /// Changes what a repository is trusted with, and says what it is trusted with now.
    pub async fn set_trusted(&self, id: RepositoryId, change: TrustChange) -> Result<Trusted, StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                let now: Option<(bool, bool, bool)> = sqlx::query_as(
                    "UPDATE repositories SET trusted_network = COALESCE($2, trusted_network), \
                     trusted_volumes = COALESCE($3, trusted_volumes), \
                     trusted_security = COALESCE($4, trusted_security) WHERE id = $1 \
                     RETURNING trusted_network, trusted_volumes, trusted_security",
                )
                .bind(id.to_string())
                .bind(change.network)
                .bind(change.volumes)
                .bind(change.security)
                .fetch_optional(&mut *tx.connection)
                .await?;
                let (network, volumes, security) = now.ok_or(StoreError::NotFound)?;
                Ok(Trusted { network, volumes, security })
            })
        })
        .await
    }

    /// Changes the default branch.
    pub async fn set_default_branch(&self, id: RepositoryId, branch: &str) -> Result<(), StoreError> {
        let branch = branch.to_owned();
        self.write(move |tx| {
            Box::pin(async move {
                let done = sqlx::query("UPDATE repositories SET default_branch = $2 WHERE id = $1")
                    .bind(id.to_string())
                    .bind(branch)
                    .execute(&mut *tx.connection)
                    .await?;
                if done.rows_affected() == 0 { Err(StoreError::NotFound) } else { Ok(()) }
            })
        })
        .await
    }
}

async fn insert(
    db: impl SqliteExecutor<'_>,
    id: RepositoryId,
    new: &NewRepository,
    sealed: Option<Vec<u8>>,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO repositories (id, name, name_key, forge, clone_url, sealed, default_branch, private, \
         trusted_network, trusted_volumes, trusted_security, hook_id, hook_secret, last_number, created, active) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, $14, $14)",
    )
    .bind(id.to_string())
    .bind(new.name.to_string())
    .bind(key(&new.name))
    .bind(new.forge.as_str())
    .bind(new.clone_url.as_deref())
    .bind(sealed)
    .bind(&new.default_branch)
    .bind(new.private)
    .bind(new.trusted.network)
    .bind(new.trusted.volumes)
    .bind(new.trusted.security)
    .bind(random_text(16))
    .bind(random_text(32))
    .bind(crate::clock::now())
    .execute(db)
    .await?;
    Ok(())
}

/// The repository of an id.
pub(super) async fn by_id(
    db: impl SqliteExecutor<'_>,
    vault: &Vault,
    id: RepositoryId,
) -> Result<Option<Repository>, StoreError> {
    let row: Option<Row> =
        sqlx::query_as("SELECT * FROM repositories WHERE id = $1").bind(id.to_string()).fetch_optional(db).await?;
    row.map(|row| row.open(vault)).transpose()
}

/// The number of a repository's newest build; 0 before the first.
pub(super) async fn last_number(db: impl SqliteExecutor<'_>, id: RepositoryId) -> Result<i64, StoreError> {
    sqlx::query_scalar("SELECT last_number FROM repositories WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(db)
        .await?
        .ok_or(StoreError::NotFound)
}

/// Takes a number for a new build; `false` when it is not the next one.
pub(super) async fn take_number(
    db: impl SqliteExecutor<'_>,
    id: RepositoryId,
    (number, created): (u64, Millis),
) -> Result<bool, StoreError> {
    let done =
        sqlx::query("UPDATE repositories SET last_number = $2, active = $3 WHERE id = $1 AND last_number = $2 - 1")
            .bind(id.to_string())
            .bind(signed(number))
            .bind(created)
            .execute(db)
            .await?;
    Ok(done.rows_affected() == 1)
}
