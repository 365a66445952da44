//! Turns matches into leases.

use std::time::Duration;

use slipway_pipelines::{
    lease::{Claim, LEASE_MS},
    state::Millis,
};
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use super::{
    board::Match,
    dispatcher::{Dispatcher, Work},
};
use crate::{
    clock,
    store::{Store, StoreError},
};

/// How long a match rests whose lease the database did not take.
const PAUSE: Duration = Duration::from_secs(1);

/// A lease's end when it is granted or renewed now, on the steady clock.
pub(crate) fn deadline() -> Millis {
    clock::steady() + LEASE_MS.cast_signed()
}

/// Does what the dispatcher wants, many at a time: they share commits. Ends with the last [`Dispatcher`].
pub(crate) async fn run(dispatcher: Dispatcher, store: Store, mut work: mpsc::UnboundedReceiver<Work>) {
    let tasks = TaskTracker::new();
    while let Some(item) = work.recv().await {
        match item {
            Work::Grant(found) => drop(tasks.spawn(grant(dispatcher.clone(), store.clone(), found))),
            Work::HandBack(claim) => drop(tasks.spawn(hand_back(store.clone(), claim))),
        }
    }
}

async fn grant(dispatcher: Dispatcher, store: Store, found: Match) {
    let (_, _, job) = found.place;
    match store.grant(job, found.waiter.runner, deadline()).await {
        Ok(Some(granted)) => {
            // The runner hung up meanwhile: the job must not wait for the lease to expire.
            if let Err(granted) = found.waiter.answer.send(granted) {
                hand_back(store, granted.claim).await;
            }
        }
        Ok(None) => dispatcher.put_back(found, false),
        // Between the board and the row: the board knows by now.
        Err(StoreError::OnHold) => dispatcher.put_back(found, true),
        Err(error) => {
            tracing::error!(%error, job.id = %job, "a lease could not be granted");
            tokio::time::sleep(PAUSE).await;
            dispatcher.put_back(found, true);
        }
    }
}

async fn hand_back(store: Store, claim: Claim) {
    if let Err(error) = store.hand_back(claim).await {
        tracing::warn!(%error, job.id = %claim.job, "a job waits for its lease to end");
    }
}
