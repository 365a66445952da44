//! What time decides: leases that end, and pauses before a retry. A task that sleeps until the first of them.

use std::time::Duration;

use slipway_pipelines::state::Millis;

use crate::{app::App, clock, queue, store::StoreError};

/// Longest sleep: how soon a stall of the whole process is noticed.
const LONGEST: Millis = 5_000;
/// How late a wake-up may be before it counts as a stall, in which no runner could renew.
const STALL: Millis = 10_000;
/// How long a runner that has a workspace may be silent about it.
const SILENCE: Millis = queue::SILENCE.as_secs().cast_signed() * 1000;

/// Runs until the server stops.
pub(crate) async fn run(app: App) {
    // Since when runners could say what they have, and when it was last looked who waits for that.
    let (mut begun, mut looked) = (clock::steady(), clock::steady());
    let mut leases = app.dispatcher.watch_leases();
    loop {
        leases.borrow_and_update();
        let now = clock::steady();
        let first = app.dispatcher.first_deadline();
        let wake = first.unwrap_or(Millis::MAX).min(now + LONGEST).max(now);
        tokio::select! {
            () = app.stopping.cancelled() => return,
            () = tokio::time::sleep(Duration::from_millis((wake - now).unsigned_abs())) => {}
            changed = leases.changed() => if changed.is_err() { return },
        }
        let woken = clock::steady();
        let result = if woken > wake + STALL {
            tracing::warn!(late_ms = woken - wake, "the server stood still; leases are prolonged");
            begun = woken;
            app.store.grace(queue::deadline()).await
        } else if first.is_some_and(|deadline| deadline <= woken) {
            turn(&app, woken).await
        } else {
            Ok(())
        };
        let result = match result {
            Ok(()) if woken - begun > SILENCE && woken - looked >= LONGEST => {
                looked = woken;
                refuse_gone(&app).await
            }
            other => other,
        };
        if let Err(error) = result {
            tracing::error!(%error, "ending leases and pauses failed");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}

/// Ends what has waited for a while for a workspace that no runner has told of for as long.
async fn refuse_gone(app: &App) -> Result<(), StoreError> {
    let waiting = app.dispatcher.waiting_for_one();
    if waiting.is_empty() {
        return Ok(());
    }
    app.store.refuse_gone(waiting, app.dispatcher.kept(), clock::now() - SILENCE).await
}

async fn turn(app: &App, now: Millis) -> Result<(), StoreError> {
    for job in app.store.expire(now).await? {
        tracing::warn!(job.id = %job, "the lease of job {job} ended");
    }
    app.store.end_delays(now).await
}
