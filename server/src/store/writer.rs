//! The one writer. Whatever waits is taken together into one transaction, so that one fsync serves all of it.

use std::panic::AssertUnwindSafe;

use futures_util::{FutureExt, future::BoxFuture};
use sqlx::{Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{
    StoreError,
    effects::{Effects, OnCommit},
};
use crate::vault::Vault;

/// Most operations in one transaction: bounds how long the first of them waits.
const MOST_TOGETHER: usize = 256;

/// What an operation works with.
#[derive(Debug)]
pub(super) struct Tx<'c> {
    /// The connection, inside of the transaction.
    pub(super) connection: &'c mut SqliteConnection,
    /// Opens and seals.
    pub(super) vault: &'c Vault,
    /// What it changes.
    pub(super) effects: Effects,
}

/// Tells the caller how it went, once it is known whether the commit worked.
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;
type Operation = Box<dyn for<'t, 'c> FnOnce(&'t mut Tx<'c>) -> BoxFuture<'t, (bool, Answer)> + Send>;

/// Hands operations to the writer's task.
#[derive(Clone, Debug)]
pub(super) struct Writer {
    operations: mpsc::UnboundedSender<Operation>,
    closing: CancellationToken,
}

impl Writer {
    /// Starts the task. It ends when it is closed, or the last `Writer` is dropped, and everything handed over is done.
    pub(super) fn start(
        connection: SqliteConnection,
        vault: Vault,
        on_commit: impl OnCommit,
    ) -> (Self, tokio::task::JoinHandle<()>) {
        let (operations, receiver) = mpsc::unbounded_channel();
        let closing = CancellationToken::new();
        let task = tokio::spawn(run((connection, vault), receiver, closing.clone(), on_commit));
        (Self { operations, closing }, task)
    }

    /// Takes nothing more; the task ends when what it has is done.
    pub(super) fn close(&self) {
        self.closing.cancel();
    }

    /// Runs an operation in a transaction. When it returns `Ok`, the commit is on the disk.
    pub(super) async fn write<T, F>(&self, operation: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'t, 'c> FnOnce(&'t mut Tx<'c>) -> BoxFuture<'t, Result<T, StoreError>> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let operation: Operation = Box::new(move |tx| {
            async move {
                let result = AssertUnwindSafe(operation(tx)).catch_unwind().await.unwrap_or(Err(StoreError::Panicked));
                let good = result.is_ok();
                let answer: Answer = Box::new(move |commit| {
                    // The caller may have gone away; the commit stands.
                    let _ = answer.send(commit.and(result));
                });
                (good, answer)
            }
            .boxed()
        });
        self.operations.send(operation).map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }
}

async fn run(
    (mut connection, vault): (SqliteConnection, Vault),
    mut operations: mpsc::UnboundedReceiver<Operation>,
    closing: CancellationToken,
    on_commit: impl OnCommit,
) {
    let mut batch = Vec::new();
    loop {
        tokio::select! {
            biased;
            () = closing.cancelled(), if !operations.is_closed() => {
                operations.close();
                continue;
            }
            taken = operations.recv_many(&mut batch, MOST_TOGETHER) => if taken == 0 { break },
        }
        let mut answers = Vec::with_capacity(batch.len());
        match commit_together((&mut connection, &vault), &mut batch, &mut answers).await {
            Ok(effects) => {
                on_commit.committed(effects);
                answers.into_iter().for_each(|answer| answer(Ok(())));
            }
            Err(error) => {
                tracing::error!(%error, operations = answers.len(), "a commit failed");
                let full = matches!(StoreError::from(error), StoreError::Full);
                batch.clear();
                for answer in answers {
                    answer(Err(if full { StoreError::Full } else { StoreError::Commit }));
                }
                // Fails when the database has already rolled back by itself.
                let _ = sqlx::query("ROLLBACK").execute(&mut connection).await;
            }
        }
    }
    if let Err(error) = connection.close().await {
        tracing::warn!(%error, "closing the database failed");
    }
}

/// One transaction with a savepoint for each operation: one that fails takes back only its own.
async fn commit_together(
    (connection, vault): (&mut SqliteConnection, &Vault),
    batch: &mut Vec<Operation>,
    answers: &mut Vec<Answer>,
) -> Result<Effects, sqlx::Error> {
    let mut all = Effects::default();
    sql(connection, "BEGIN IMMEDIATE").await?;
    for operation in batch.drain(..) {
        sql(connection, "SAVEPOINT one").await?;
        let mut tx = Tx { connection: &mut *connection, vault, effects: Effects::default() };
        let (good, answer) = operation(&mut tx).await;
        let effects = tx.effects;
        answers.push(answer);
        if good {
            all.merge(effects);
        } else {
            sql(connection, "ROLLBACK TO one").await?;
        }
        sql(connection, "RELEASE one").await?;
    }
    sql(connection, "COMMIT").await?;
    Ok(all)
}

async fn sql(connection: &mut SqliteConnection, statement: &'static str) -> Result<(), sqlx::Error> {
    sqlx::query(statement).execute(connection).await.map(drop)
}
