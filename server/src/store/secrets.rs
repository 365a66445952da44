//! Table `secrets`.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::{ExposeSecret, SecretString};
use slipway_pipelines::{context::SecretRule, ids::RepositoryId};
use sqlx::SqliteConnection;

use super::{
    Store, StoreError,
    codec::{from_json, to_json},
    model::{NewSecret, Secret},
    row::row,
};
use crate::{
    clock,
    vault::{Kind, Vault},
};

const TABLE: &str = "secrets";

row! {
    struct Row {
        name: String,
        events: String,
        images: String,
        updated: i64,
    }
}

impl TryFrom<Row> for Secret {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let rule = SecretRule {
            name: row.name,
            events: from_json(TABLE, &row.events)?,
            images: from_json(TABLE, &row.images)?,
        };
        Ok(Self { rule, updated: row.updated })
    }
}

impl Store {
    /// The secrets of a repository, by name, without values.
    pub async fn secrets(&self, repository: RepositoryId) -> Result<Vec<Secret>, StoreError> {
        let rows: Vec<Row> =
            sqlx::query_as("SELECT name, events, images, updated FROM secrets WHERE repository = $1 ORDER BY name")
                .bind(repository.to_string())
                .fetch_all(&self.readers)
                .await?;
        rows.into_iter().map(Secret::try_from).collect()
    }

    /// The same for `Context.secrets`.
    pub async fn secret_rules(&self, repository: RepositoryId) -> Result<Vec<SecretRule>, StoreError> {
        Ok(self.secrets(repository).await?.into_iter().map(|secret| secret.rule).collect())
    }

    /// Keeps a secret; one of the same name is replaced, rules included.
    pub async fn put_secret(&self, repository: RepositoryId, new: NewSecret) -> Result<(), StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                let name = new.name.to_ascii_lowercase();
                let sealed = tx.vault.seal((repository.0, Kind::Secret, &name), new.value.expose_secret())?;
                sqlx::query(
                    "INSERT INTO secrets (repository, name, sealed, events, images, updated) \
                     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (repository, name) DO UPDATE SET \
                     sealed = excluded.sealed, events = excluded.events, images = excluded.images, \
                     updated = excluded.updated",
                )
                .bind(repository.to_string())
                .bind(name)
                .bind(sealed)
                .bind(to_json(TABLE, &new.events)?)
                .bind(to_json(TABLE, &new.images)?)
                .bind(clock::now())
                .execute(&mut *tx.connection)
                .await?;
                Ok(())
            })
        })
        .await
    }

    /// Forgets a secret. [`StoreError::NotFound`] if there is none of that name.
    pub async fn delete_secret(&self, repository: RepositoryId, name: &str) -> Result<(), StoreError> {
        let name = name.to_ascii_lowercase();
        self.write(move |tx| {
            Box::pin(async move {
                let done = sqlx::query("DELETE FROM secrets WHERE repository = $1 AND name = $2")
                    .bind(repository.to_string())
                    .bind(name)
                    .execute(&mut *tx.connection)
                    .await?;
                if done.rows_affected() == 0 { Err(StoreError::NotFound) } else { Ok(()) }
            })
        })
        .await
    }
}

/// A secret with its value.
pub(super) struct Opened {
    pub(super) rule: SecretRule,
    pub(super) value: SecretString,
}

/// Those secrets of a repository that have one of these names.
pub(super) async fn open(
    db: &mut SqliteConnection,
    vault: &Vault,
    repository: RepositoryId,
    names: &BTreeSet<&str>,
) -> Result<BTreeMap<String, Opened>, StoreError> {
    let mut opened = BTreeMap::new();
    for &name in names {
        let found: Option<(Vec<u8>, String, String)> =
            sqlx::query_as("SELECT sealed, events, images FROM secrets WHERE repository = $1 AND name = $2")
                .bind(repository.to_string())
                .bind(name)
                .fetch_optional(&mut *db)
                .await?;
        let Some((sealed, events, images)) = found else { continue };
        let rule = SecretRule {
            name: name.to_owned(),
            events: from_json(TABLE, &events)?,
            images: from_json(TABLE, &images)?,
        };
        let value = vault.open((repository.0, Kind::Secret, name), &sealed)?;
        opened.insert(name.to_owned(), Opened { rule, value });
    }
    Ok(opened)
}
