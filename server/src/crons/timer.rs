//! Fires what is due.

use std::time::Duration;

use crate::{app::App, clock, intake, store::StoreError};

/// How often it is looked, at least: so late is one that was made a moment ago, or after the clock was set.
const LONGEST: i64 = 5_000;

/// Runs until the server stops.
pub(crate) async fn run(app: App) {
    loop {
        let wait = match fire(&app).await {
            Ok(wait) => wait,
            Err(error) => {
                tracing::error!(%error, "crons cannot be looked at");
                LONGEST
            }
        };
        tokio::select! {
            () = app.stopping.cancelled() => return,
            () = tokio::time::sleep(Duration::from_millis(wait.unsigned_abs())) => {}
        }
    }
}

/// Fires what is due; how long there is nothing to do then.
async fn fire(app: &App) -> Result<i64, StoreError> {
    let now = clock::now();
    match app.store.next_cron().await? {
        Some(next) if next <= now => {
            for delivery in app.store.fire_crons(now).await? {
                intake::work_later(app, delivery);
            }
            Ok(0)
        }
        Some(next) => Ok((next - now).min(LONGEST)),
        None => Ok(LONGEST),
    }
}
