//! Values that only the vault opens, and the vault's own row.

use std::path::Path;

use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use slipway_pipelines::ids::RepositoryId;
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::{
    OpenError, StoreError,
    codec::{from_json, parse, to_json},
    model::Credential,
};
use crate::vault::{KeyError, Kind, Vault};

const PROBE: (Uuid, Kind, &str) = (Uuid::nil(), Kind::Probe, "");
const TABLE: &str = "repositories";

/// [`Credential`] as it is sealed.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum StoredCredential {
    Token { username: String, token: String },
    SshKey { private_key: String, host_key: Option<String> },
}

/// Seals how a repository is fetched.
pub(super) fn seal_credential(
    vault: &Vault,
    repository: RepositoryId,
    credential: &Credential,
) -> Result<Vec<u8>, StoreError> {
    let stored = match credential {
        Credential::Token { username, token } => {
            StoredCredential::Token { username: username.clone(), token: token.expose_secret().to_owned() }
        }
        Credential::SshKey { private_key, host_key } => {
            StoredCredential::SshKey { private_key: private_key.expose_secret().to_owned(), host_key: host_key.clone() }
        }
    };
    Ok(vault.seal((repository.0, Kind::Credential, ""), &to_json(TABLE, &stored)?)?)
}

/// The inverse of [`seal_credential`].
pub(super) fn open_credential(
    vault: &Vault,
    repository: RepositoryId,
    sealed: &[u8],
) -> Result<Credential, StoreError> {
    let text = vault.open((repository.0, Kind::Credential, ""), sealed)?;
    Ok(match from_json(TABLE, text.expose_secret())? {
        StoredCredential::Token { username, token } => Credential::Token { username, token: token.into() },
        StoredCredential::SshKey { private_key, host_key } => {
            Credential::SshKey { private_key: private_key.into(), host_key }
        }
    })
}

/// The vault of a database: its key is checked by the probe, or made with it at the first start. Values that are not
/// sealed yet are, in the same transaction as the probe.
pub(super) async fn vault(db: &mut SqliteConnection, key: &Path) -> Result<Vault, OpenError> {
    let known: Option<(Vec<u8>, bool)> =
        sqlx::query_as("SELECT probe, clean FROM vault WHERE id = 1").fetch_optional(&mut *db).await?;
    let (vault, clean) = match known {
        Some((probe, clean)) => {
            let vault = Vault::from_file(key)?;
            vault.open(PROBE, &probe).map_err(|_| KeyError::Wrong(key.to_owned()))?;
            (vault, clean)
        }
        None => {
            let vault = Vault::from_file_or_new(key)?;
            let clean = begin(db, &vault).await.map_err(OpenError::Seal)?;
            (vault, clean)
        }
    };
    if !clean {
        scrub(db).await?;
    }
    Ok(vault)
}

/// Whether there was nothing to seal. An error leaves the transaction to the end of the connection.
async fn begin(db: &mut SqliteConnection, vault: &Vault) -> Result<bool, StoreError> {
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *db).await?;
    let plain: Vec<(String, String)> =
        sqlx::query_as("SELECT id, credential FROM repositories WHERE credential IS NOT NULL")
            .fetch_all(&mut *db)
            .await?;
    for (id, credential) in &plain {
        let repository: RepositoryId = parse(TABLE, id)?;
        let sealed = vault.seal((repository.0, Kind::Credential, ""), credential)?;
        sqlx::query("UPDATE repositories SET sealed = $2, credential = NULL WHERE id = $1")
            .bind(id)
            .bind(sealed)
            .execute(&mut *db)
            .await?;
    }
    sqlx::query("INSERT INTO vault (id, probe, clean) VALUES (1, $1, $2)")
        .bind(vault.seal(PROBE, "slipway")?)
        .bind(plain.is_empty())
        .execute(&mut *db)
        .await?;
    sqlx::query("COMMIT").execute(&mut *db).await?;
    if !plain.is_empty() {
        tracing::info!(repositories = plain.len(), "the credentials in the database are encrypted now");
    }
    Ok(plain.is_empty())
}

/// Writes the database anew, so that no unused page and no log keeps what it once was.
async fn scrub(db: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query("VACUUM").execute(&mut *db).await?;
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut *db).await?;
    sqlx::query("UPDATE vault SET clean = TRUE WHERE id = 1").execute(&mut *db).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use sqlx::{ConnectOptions, sqlite::SqliteConnectOptions};
    use tempfile::TempDir;

    use super::*;
    use crate::store::{
        Store,
        model::{NewRepository, Repository},
    };

    async fn open(folder: &TempDir) -> Store {
        let url = format!("sqlite:{}", folder.path().join("db").display());
        Store::open(&url, &folder.path().join("key"), "http://ci.example", |_| {}).await.unwrap()
    }

    fn on_the_disk(folder: &TempDir, text: &str) -> bool {
        std::fs::read_dir(folder.path()).unwrap().any(|file| {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            bytes.windows(text.len()).any(|window| window == text.as_bytes())
        })
    }

    /// A database as it was before there was a vault, with what once was in pages that nothing uses any more.
    async fn of_before(folder: &TempDir) -> Repository {
        let store = open(folder).await;
        let made = store.create_repository(NewRepository::own("me/thing".parse().unwrap())).await.unwrap();
        store.close().await;
        std::fs::remove_file(folder.path().join("key")).unwrap();
        let path = folder.path().join("db");
        let mut db = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
        let stored = StoredCredential::Token { username: "ada".to_owned(), token: "plain-token".to_owned() };
        sqlx::query("UPDATE repositories SET credential = $1")
            .bind(to_json(TABLE, &stored).unwrap())
            .execute(&mut db)
            .await
            .unwrap();
        for statement in [
            "CREATE TABLE once (value TEXT)",
            "INSERT INTO once SELECT 'plain-' || hex(randomblob(20000))",
            "DROP TABLE once",
            "DELETE FROM vault",
        ] {
            sqlx::query(statement).execute(&mut db).await.unwrap();
        }
        sqlx::Connection::close(db).await.unwrap();
        made
    }

    #[tokio::test]
    async fn credentials_of_before_are_sealed_at_the_first_start_and_leave_no_trace() {
        let folder = tempfile::tempdir().unwrap();
        let made = of_before(&folder).await;
        assert!(on_the_disk(&folder, "plain-token"));
        let store = open(&folder).await;
        assert!(!on_the_disk(&folder, "plain-"), "no page and no log has it");
        let Some(Credential::Token { username, token }) =
            store.repository_by_id(made.id).await.unwrap().unwrap().credential
        else {
            panic!("it is kept")
        };
        assert_eq!((username.as_str(), token.expose_secret()), ("ada", "plain-token"));
        store.close().await;
        open(&folder).await;
    }

    #[tokio::test]
    async fn a_start_that_was_cut_off_before_all_traces_were_gone_is_made_up_for() {
        let folder = tempfile::tempdir().unwrap();
        of_before(&folder).await;
        let path = folder.path().join("db");
        let mut db = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
        let vault = Vault::from_file_or_new(&folder.path().join("key")).unwrap();
        assert!(!begin(&mut db, &vault).await.unwrap());
        sqlx::Connection::close(db).await.unwrap();
        assert!(on_the_disk(&folder, "plain-"), "what once was is still in its page");
        open(&folder).await;
        assert!(!on_the_disk(&folder, "plain-"));
    }
}
