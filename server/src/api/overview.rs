//! The queue and the runners.

use std::collections::HashMap;

use axum::{Json, extract::State};
use serde_json::{Value, json};
use slipway_pipelines::ids::RunnerId;
use slipway_web::time::rfc3339;

use super::waiting::waits;
use crate::{app::App, auth::Admin, error::ApiError, links};

/// `GET queue`: jobs that wait, why they do, and jobs that a runner has.
pub(crate) async fn queue(_: Admin, State(app): State<App>) -> Result<Json<Value>, ApiError> {
    let names: HashMap<RunnerId, String> =
        app.store.runners().await?.into_iter().map(|runner| (runner.id, runner.name)).collect();
    let entries = app.store.queue().await?.into_iter().map(|entry| {
        json!({
            "repository": entry.repository,
            "number": entry.number,
            "job": entry.name,
            "status": entry.state.status(),
            "waits": entry.waiting_for.as_ref().map(|waiting| waits(waiting, &entry.labels)),
            "runner": entry.state.lease().and_then(|lease| names.get(&lease.runner)),
            "labels": entry.labels,
            "url": format!("{}{}", app.config.public_url, links::build(&entry.repository, entry.number)),
        })
    });
    Ok(Json(entries.collect()))
}

/// `GET runners`: every runner that ever said hello, and how many jobs it has.
pub(crate) async fn runners(_: Admin, State(app): State<App>) -> Result<Json<Value>, ApiError> {
    let mut busy: HashMap<RunnerId, u32> = HashMap::new();
    for entry in app.store.queue().await? {
        if let Some(lease) = entry.state.lease() {
            *busy.entry(lease.runner).or_default() += 1;
        }
    }
    let runners = app.store.runners().await?.into_iter().map(|runner| {
        json!({
            "id": runner.id,
            "name": runner.name,
            "version": runner.version,
            "labels": runner.labels,
            "slots": runner.slots,
            "jobs": busy.get(&runner.id).copied().unwrap_or(0),
            "seen_at": rfc3339(runner.seen),
        })
    });
    Ok(Json(runners.collect()))
}
