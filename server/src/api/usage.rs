//! What a step took of the machine.

use axum::{Json, extract::State};
use serde::Serialize;
use slipway_web::time::rfc3339;

use super::{UrlPath, UrlQuery, find_build, find_step, log::LogQuery, log::StepPath};
use crate::{app::App, auth::Admin, error::ApiError};

/// What a step took, over its time.
#[derive(Debug, Serialize)]
pub(crate) struct UsageJson {
    /// Where the first point begins; `null` when nothing is known.
    since: Option<String>,
    points: Vec<PointJson>,
}

#[derive(Debug, Serialize)]
struct PointJson {
    /// Where it ends; it goes from the end of the one before.
    at: String,
    /// Processors in the mean.
    cpu: f64,
    /// Most memory, in bytes.
    memory: u64,
}

/// `GET …/steps/S/usage`
pub(crate) async fn step_usage(
    _: Admin,
    State(app): State<App>,
    UrlPath((owner, name, number, job, step)): StepPath,
    UrlQuery(query): UrlQuery<LogQuery>,
) -> Result<Json<UsageJson>, ApiError> {
    let build = find_build(&app, &owner, &name, &number).await?;
    let of = find_step(&app, &build, &job, &step, query.attempt).await?.address;
    let usage = app.store.usage(of).await?;
    let since = usage.as_ref().map(|usage| rfc3339(usage.since));
    let points = usage.unwrap_or_default().points.into_iter();
    let point = |point: slipway_pipelines::wire::UsagePoint| PointJson {
        at: rfc3339(point.at),
        cpu: f64::from(point.cpu) / 1000.0,
        memory: point.memory,
    };
    Ok(Json(UsageJson { since, points: points.map(point).collect() }))
}
