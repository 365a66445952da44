//! Table `repositories`.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use slipway_pipelines::{context::Trusted, ids::RepositoryId, repository::RepositoryName};
use sqlx::SqliteExecutor;
use uuid::Uuid;

use super::{
    Store, StoreError,
    codec::{corrupt, from_json, parse, to_json},
    model::{Credential, Forge, NewRepository, Repository},
    row::row,
    tokens::random_text,
};

const TABLE: &str = "repositories";

row! {
    struct Row {
        id: String,
        name: String,
        forge: String,
        clone_url: Option<String>,
        credential: Option<String>,
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

/// [`Credential`] as the column keeps it.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum StoredCredential {
    Token { username: String, token: String },
    SshKey { private_key: String, host_key: Option<String> },
}

impl TryFrom<Row> for Repository {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let credential = match row.credential.as_deref().map(|text| from_json(TABLE, text)).transpose()? {
            None => None,
            Some(StoredCredential::Token { username, token }) => {
                Some(Credential::Token { username, token: token.into() })
            }
            Some(StoredCredential::SshKey { private_key, host_key }) => {
                Some(Credential::SshKey { private_key: private_key.into(), host_key })
            }
        };
        Ok(Self {
            id: parse(TABLE, &row.id)?,
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

fn store_credential(credential: &Credential) -> Result<String, StoreError> {
    let stored = match credential {
        Credential::Token { username, token } => {
            StoredCredential::Token { username: username.clone(), token: token.expose_secret().to_owned() }
        }
        Credential::SshKey { private_key, host_key } => {
            StoredCredential::SshKey { private_key: private_key.expose_secret().to_owned(), host_key: host_key.clone() }
        }
    };
    to_json(TABLE, &stored)
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
                insert(&mut *tx.connection, id, &new).await?;
                by_id(&mut *tx.connection, id).await?.ok_or(StoreError::NotFound)
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
        row.map(Repository::try_from).transpose()
    }

    /// The repository of an id.
    pub async fn repository_by_id(&self, id: RepositoryId) -> Result<Option<Repository>, StoreError> {
        by_id(&self.readers, id).await
    }

    /// The repository of a webhook address.
    pub async fn repository_by_hook(&self, forge: Forge, hook_id: &str) -> Result<Option<Repository>, StoreError> {
        let row: Option<Row> = sqlx::query_as("SELECT * FROM repositories WHERE hook_id = $1 AND forge = $2")
            .bind(hook_id)
            .bind(forge.as_str())
            .fetch_optional(&self.readers)
            .await?;
        row.map(Repository::try_from).transpose()
    }

    /// All repositories, by name.
    pub async fn repositories(&self) -> Result<Vec<Repository>, StoreError> {
        let rows: Vec<Row> =
            sqlx::query_as("SELECT * FROM repositories ORDER BY name_key").fetch_all(&self.readers).await?;
        rows.into_iter().map(Repository::try_from).collect()
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

async fn insert(db: impl SqliteExecutor<'_>, id: RepositoryId, new: &NewRepository) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO repositories (id, name, name_key, forge, clone_url, credential, default_branch, private, \
         trusted_network, trusted_volumes, trusted_security, hook_id, hook_secret, last_number, created) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, $14)",
    )
    .bind(id.to_string())
    .bind(new.name.to_string())
    .bind(key(&new.name))
    .bind(new.forge.as_str())
    .bind(new.clone_url.as_deref())
    .bind(new.credential.as_ref().map(store_credential).transpose()?)
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

pub(super) async fn by_id(db: impl SqliteExecutor<'_>, id: RepositoryId) -> Result<Option<Repository>, StoreError> {
    let row: Option<Row> =
        sqlx::query_as("SELECT * FROM repositories WHERE id = $1").bind(id.to_string()).fetch_optional(db).await?;
    row.map(Repository::try_from).transpose()
}

/// The next number of a repository's builds.
pub(super) async fn next_number(db: impl SqliteExecutor<'_>, id: RepositoryId) -> Result<i64, StoreError> {
    sqlx::query_scalar("UPDATE repositories SET last_number = last_number + 1 WHERE id = $1 RETURNING last_number")
        .bind(id.to_string())
        .fetch_optional(db)
        .await?
        .ok_or(StoreError::NotFound)
}
