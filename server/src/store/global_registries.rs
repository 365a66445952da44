//! Table `global_registries`: credentials of image registries for every repository.

use secrecy::ExposeSecret;
use slipway_pipelines::wire::RegistryLogin;
use sqlx::SqliteExecutor;
use uuid::Uuid;

use super::{
    Store, StoreError,
    model::{NewRegistry, Registry},
};
use crate::{
    clock,
    vault::{Kind, Vault},
};

const OWNER: (Uuid, Kind) = (Uuid::nil(), Kind::GlobalRegistry);

impl Store {
    /// The registries that every repository has a credential for, by host, without passwords.
    pub async fn global_registries(&self) -> Result<Vec<Registry>, StoreError> {
        let rows: Vec<(String, String, i64)> =
            sqlx::query_as("SELECT host, username, updated FROM global_registries ORDER BY host")
                .fetch_all(&self.readers)
                .await?;
        Ok(rows.into_iter().map(|(host, username, updated)| Registry { host, username, updated }).collect())
    }

    /// Keeps a credential; one for the same host is replaced.
    pub async fn put_global_registry(&self, new: NewRegistry) -> Result<(), StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                let host = new.host.to_ascii_lowercase();
                let sealed = tx.vault.seal((OWNER.0, OWNER.1, &host), new.password.expose_secret())?;
                sqlx::query(
                    "INSERT INTO global_registries (host, username, sealed, updated) VALUES ($1, $2, $3, $4) \
                     ON CONFLICT (host) DO UPDATE SET username = excluded.username, sealed = excluded.sealed, \
                     updated = excluded.updated",
                )
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
    pub async fn delete_global_registry(&self, host: &str) -> Result<(), StoreError> {
        let host = host.to_ascii_lowercase();
        self.write(move |tx| {
            Box::pin(async move {
                let done = sqlx::query("DELETE FROM global_registries WHERE host = $1")
                    .bind(host)
                    .execute(&mut *tx.connection)
                    .await?;
                if done.rows_affected() == 0 { Err(StoreError::NotFound) } else { Ok(()) }
            })
        })
        .await
    }
}

/// All of them, with passwords, by host.
pub(super) async fn logins(db: impl SqliteExecutor<'_>, vault: &Vault) -> Result<Vec<RegistryLogin>, StoreError> {
    let rows: Vec<(String, String, Vec<u8>)> =
        sqlx::query_as("SELECT host, username, sealed FROM global_registries ORDER BY host").fetch_all(db).await?;
    let open = |(host, username, sealed): (String, String, Vec<u8>)| {
        let password = vault.open((OWNER.0, OWNER.1, &host), &sealed)?;
        Ok(RegistryLogin { host, username, password: password.expose_secret().to_owned(), pull_only: false })
    };
    rows.into_iter().map(open).collect()
}
