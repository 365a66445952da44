//! The queue and the runners.

use std::collections::HashMap;

use axum::{Json, extract::State};
use serde_json::{Value, json};
use slipway_pipelines::ids::RunnerId;
use slipway_web::time::rfc3339;

use super::{Fleet, RunnerNow, UrlPath};
use crate::{
    app::App,
    auth::Admin,
    error::ApiError,
    links,
    store::model::{Hold, Runner},
};

/// `GET queue`: jobs that wait, why they do, and jobs that a runner has.
pub(crate) async fn queue(_: Admin, State(app): State<App>) -> Result<Json<Value>, ApiError> {
    let fleet = Fleet::now(&app).await?;
    let entries = app.store.queue().await?.into_iter().map(|entry| {
        json!({
            "repository": entry.repository,
            "number": entry.number,
            "job": entry.name,
            "status": entry.state.status(),
            "waits": entry.waiting_for.as_ref().map(|waiting| fleet.why(waiting, &entry.labels)),
            "runner": entry.runner.as_ref().filter(|_| entry.state.lease().is_some()),
            "labels": entry.labels,
            "since": rfc3339(entry.since),
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
    let fleet = Fleet::now(&app).await?;
    Ok(Json(fleet.runners.iter().map(|one| shape(one, busy.get(&one.runner.id).copied().unwrap_or(0))).collect()))
}

fn shape(RunnerNow { runner, near, disk, .. }: &RunnerNow, jobs: u32) -> Value {
    json!({
        "id": runner.id,
        "name": runner.name,
        "version": runner.version,
        "labels": runner.labels,
        "slots": runner.slots,
        "jobs": jobs,
        "away": !near,
        "disk": disk.map(|disk| json!({"free": disk.free, "total": disk.total})),
        "drained": runner.drained.as_ref().map(hold),
        "seen_at": rfc3339(runner.seen),
    })
}

fn hold(Hold { at, by }: &Hold) -> Value {
    json!({"since": rfc3339(*at), "by": by})
}

/// `POST queue/pause`: nothing is given to any runner; what runs goes on.
pub(crate) async fn pause_queue(who: Admin, State(app): State<App>) -> Result<Json<Value>, ApiError> {
    app.pause_queue(&who.name).await?;
    Ok(Json(json!({"paused": app.store.queue_pause().await?.as_ref().map(hold)})))
}

/// `POST queue/resume`.
pub(crate) async fn resume_queue(who: Admin, State(app): State<App>) -> Result<Json<Value>, ApiError> {
    app.resume_queue(&who.name).await?;
    Ok(Json(json!({"paused": null})))
}

/// `POST runners/ID/drain`: the runner finishes what it has and gets nothing new.
pub(crate) async fn drain_runner(
    who: Admin,
    State(app): State<App>,
    UrlPath(id): UrlPath<String>,
) -> Result<Json<Value>, ApiError> {
    let runner = find_runner(&app, &id).await?.id;
    app.drain_runner(runner, &who.name).await?;
    answer(&app, &id).await
}

/// `POST runners/ID/resume`: it gets jobs again.
pub(crate) async fn resume_runner(
    who: Admin,
    State(app): State<App>,
    UrlPath(id): UrlPath<String>,
) -> Result<Json<Value>, ApiError> {
    let runner = find_runner(&app, &id).await?.id;
    app.resume_runner(runner, &who.name).await?;
    answer(&app, &id).await
}

/// The runner of an id.
pub(crate) async fn find_runner(app: &App, id: &str) -> Result<Runner, ApiError> {
    let missing = || ApiError::not_found(format!("there is no runner `{id}`")).help("see `id` in GET /api/v1/runners");
    let found = id.parse().map_err(|_| missing())?;
    app.store.runner(RunnerId(found)).await?.ok_or_else(missing)
}

async fn answer(app: &App, id: &str) -> Result<Json<Value>, ApiError> {
    let runner = find_runner(app, id).await?;
    Ok(Json(json!({"id": runner.id, "name": runner.name, "drained": runner.drained.as_ref().map(hold)})))
}
