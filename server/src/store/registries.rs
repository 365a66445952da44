//! Table `registries`: credentials of image registries.

use secrecy::ExposeSecret;
use slipway_pipelines::{ids::RepositoryId, wire::RegistryLogin};
use sqlx::SqliteExecutor;

use super::{
    Store, StoreError,
    model::{NewRegistry, Registry},
};
use crate::{
    clock,
    vault::{Kind, Vault},
};

impl Store {
    /// The registries that a repository has credentials for, by host, without passwords.
    pub async fn registries(&self, repository: RepositoryId) -> Result<Vec<Registry>, StoreError> {
        let rows: Vec<(String, String, i64)> =
            sqlx::query_as("SELECT host, username, updated FROM registries WHERE repository = $1 ORDER BY host")
                .bind(repository.to_string())
                .fetch_all(&self.readers)
                .await?;
        Ok(rows.into_iter().map(|(host, username, updated)| Registry { host, username, updated }).collect())
    }

    /// Keeps a credential; one for the same host is replaced.
    pub async fn put_registry(&self, repository: RepositoryId, new: NewRegistry) -> Result<(), StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                let host = new.host.to_ascii_lowercase();
                let sealed = tx.vault.seal((repository.0, Kind::Registry, &host), new.password.expose_secret())?;
                sqlx::query(
                    "INSERT INTO registries (repository, host, username, sealed, updated) VALUES ($1, $2, $3, $4, $5) \
                     ON CONFLICT (repository, host) DO UPDATE SET username = excluded.username, \
                     sealed = excluded.sealed, updated = excluded.updated",
                )
                .bind(repository.to_string())
                .bind(host)
                .bind(new.username)
                .bind(sealed)
                .bind(clock::now())
                .execute(&mut *tx.connection)
                .await?;
                Ok(())
            })
        })
        .await
    }

    /// Forgets the credential for a host. [`StoreError::NotFound`] if there is none.
    pub async fn delete_registry(&self, repository: RepositoryId, host: &str) -> Result<(), StoreError> {
        let host = host.to_ascii_lowercase();
        self.write(move |tx| {
            Box::pin(async move {
                let done = sqlx::query("DELETE FROM registries WHERE repository = $1 AND host = $2")
                    .bind(repository.to_string())
                    .bind(host)
                    .execute(&mut *tx.connection)
                    .await?;
                if done.rows_affected() == 0 { Err(StoreError::NotFound) } else { Ok(()) }
            })
        })
        .await
    }
}

/// A repository's credentials, with passwords, by host.
pub(super) async fn logins(
    db: impl SqliteExecutor<'_>,
    vault: &Vault,
    repository: RepositoryId,
) -> Result<Vec<RegistryLogin>, StoreError> {
    let rows: Vec<(String, String, Vec<u8>)> =
        sqlx::query_as("SELECT host, username, sealed FROM registries WHERE repository = $1 ORDER BY host")
            .bind(repository.to_string())
            .fetch_all(db)
            .await?;
    let open = |(host, username, sealed): (String, String, Vec<u8>)| {
        let password = vault.open((repository.0, Kind::Registry, &host), &sealed)?;
        Ok(RegistryLogin { host, username, password: password.expose_secret().to_owned(), pull_only: false })
    };
    rows.into_iter().map(open).collect()
}
