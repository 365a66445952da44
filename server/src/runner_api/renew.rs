//! `POST /runner/v1/renew`

use std::time::Duration;

use axum::{Json, extract::State};
use slipway_pipelines::{
    lease::LEASE_MS,
    wire::{Order, Renew, Renewed},
};

use super::who::runner;
use crate::{app::App, auth::RunnerAuth, error::ApiError, json::ApiJson, queue};

/// Renews at once, then holds the answer until there is an order that the runner does not follow yet.
pub(crate) async fn renew(
    auth: RunnerAuth,
    State(app): State<App>,
    ApiJson(renew): ApiJson<Renew>,
) -> Result<Json<Renewed>, ApiError> {
    let runner = runner(&app, &auth, renew.runner).await?.id;
    app.dispatcher.note_disk(runner, renew.disk);
    app.dispatcher.note_kept(runner, renew.kept.clone());
    // Watch first, look second.
    let mut watch = app.dispatcher.watch_orders();
    app.store.renew(runner, renew.claims.clone(), queue::deadline()).await?;

    let patience = tokio::time::sleep(Duration::from_millis(renew.wait_ms.min(LEASE_MS / 2)));
    tokio::pin!(patience);
    loop {
        watch.borrow_and_update();
        let orders = app.dispatcher.orders(runner, &renew.claims);
        if orders.iter().any(|order| is_new(order, &renew)) {
            return Ok(Json(Renewed { orders }));
        }
        tokio::select! {
            changed = watch.changed() => if changed.is_ok() { continue },
            () = &mut patience => {}
            () = app.stopping.cancelled() => {}
        }
        return Ok(Json(Renewed { orders }));
    }
}

fn is_new(order: &Order, renew: &Renew) -> bool {
    let (Order::Stop { claim, .. } | Order::Drop { claim }) = order;
    !renew.stopping.contains(&claim.job)
}
