//! Opening the database.

use std::{path::Path, str::FromStr, sync::Arc, time::Duration};

use sqlx::{
    ConnectOptions, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio_util::task::TaskTracker;

use super::{Store, StoreError, effects::OnCommit, migrations, sealing, writer::Writer};
use crate::vault::KeyError;

/// The first SQLite whose write-ahead log cannot lose pages to a checkpoint that races with a write.
const OLDEST_SQLITE: [u32; 3] = [3, 51, 3];
/// Connections that only read.
const READERS: u32 = 4;

/// Why the database cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another kind of database was asked for.
    #[error("database `{0}` is not supported: this version keeps its rows in SQLite (`sqlite:PATH`)")]
    Unsupported(String),
    /// The SQLite library is too old to be safe.
    #[error("SQLite {0} is too old: 3.51.3 is needed, older ones can corrupt a write-ahead log")]
    OldLibrary(String),
    /// The file is of a newer Slipway, or a migration failed.
    #[error("bringing the database up to date failed: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// The file cannot be opened.
    #[error("opening the database failed: {0}")]
    Open(#[from] sqlx::Error),
    /// The key of its sealed values.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Values of before that are not sealed yet, and cannot be.
    #[error("sealing the credentials in the database failed: {0}")]
    Seal(StoreError),
}

impl Store {
    /// Opens the database at a URL, `sqlite:PATH`, makes it if it is missing, and brings it up to date. `public_url` is
    /// for the links that builds carry, `key` the file of the key to its sealed values.
    pub async fn open(url: &str, key: &Path, public_url: &str, on_commit: impl OnCommit) -> Result<Self, OpenError> {
        let path = url.strip_prefix("sqlite:").ok_or_else(|| OpenError::Unsupported(kind(url)))?;
        let options = options(Path::new(path.trim_start_matches("//")));
        let mut connection = options.clone().connect().await?;
        let version: String = sqlx::query_scalar("SELECT sqlite_version()").fetch_one(&mut connection).await?;
        if !is_new_enough(&version) {
            return Err(OpenError::OldLibrary(version));
        }
        migrations::migrator().run(&mut connection).await?;
        let vault = sealing::vault(&mut connection, key).await?;
        let reading = options.create_if_missing(false).pragma("query_only", "ON");
        let readers: SqlitePool = SqlitePoolOptions::new().max_connections(READERS).connect_with(reading).await?;
        let (writer, task) = Writer::start(connection, vault.clone(), on_commit);
        let tasks = TaskTracker::new();
        tasks.spawn(task);
        tasks.close();
        Ok(Self { writer, readers, vault, creating: Arc::default(), public_url: public_url.into(), tasks })
    }

    /// Ends the store: what was handed to the writer is committed, what comes later is refused.
    pub async fn close(&self) {
        self.writer.close();
        self.tasks.wait().await;
        self.readers.close().await;
    }

    /// Writes and commits something: whether the database takes writes.
    pub async fn check(&self) -> Result<(), StoreError> {
        let now = crate::clock::now();
        self.write(move |tx| {
            Box::pin(async move {
                sqlx::query("UPDATE heartbeat SET at = $1 WHERE id = 1").bind(now).execute(&mut *tx.connection).await?;
                Ok(())
            })
        })
        .await
    }
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(10))
        .pragma("temp_store", "memory")
        .disable_statement_logging()
}

/// The part of a URL that says what it is; the rest may hold a password.
fn kind(url: &str) -> String {
    url.split_once(':').map_or_else(|| url.to_owned(), |(scheme, _)| format!("{scheme}:…"))
}

fn is_new_enough(version: &str) -> bool {
    let parts: Vec<u32> = version.split('.').filter_map(|part| u32::from_str(part).ok()).collect();
    parts.as_slice() >= OLDEST_SQLITE.as_slice()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unsafe_sqlite_is_refused() {
        for (version, good) in
            [("3.51.3", true), ("3.52.0", true), ("4.0.0", true), ("3.51.2", false), ("3.9.9", false)]
        {
            assert_eq!(is_new_enough(version), good, "{version}");
        }
    }

    #[test]
    fn an_unsupported_url_is_named_without_its_password() {
        assert_eq!(kind("postgres://me:secret@host/db"), "postgres:…");
    }
}
