//! `/runner/v1/logs/…`

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde::Deserialize;
use slipway_pipelines::{
    ids::JobId,
    lease::Claim,
    wire::{Appended, Committed},
};

use super::who::{holds, stale};
use crate::{
    app::App,
    auth::RunnerAuth,
    error::ApiError,
    logs::{AppendError, LogAddress},
};

#[derive(Deserialize)]
pub(crate) struct Epoch {
    epoch: u64,
}

#[derive(Deserialize)]
pub(crate) struct Place {
    epoch: u64,
    offset: u64,
}

/// `GET /runner/v1/logs/JOB/ATTEMPT?epoch=E`: what is committed of a job's logs.
pub(crate) async fn committed(
    auth: RunnerAuth,
    State(app): State<App>,
    Path((job, attempt)): Path<(JobId, u32)>,
    Query(Epoch { epoch }): Query<Epoch>,
) -> Result<Json<Committed>, ApiError> {
    holds(&app, &auth, Claim { job, attempt, epoch }).await?;
    let detail = app.store.job_attempt(job, attempt).await?.ok_or_else(stale)?;
    let mut steps = BTreeMap::new();
    for step in detail.steps {
        let length = app.logs.committed(LogAddress { job, attempt, step: step.position }).await;
        let length = length.map_err(|cause| unavailable(&cause))?;
        if length > 0 {
            steps.insert(step.position, length);
        }
    }
    Ok(Json(Committed { steps }))
}

/// `POST /runner/v1/logs/JOB/ATTEMPT/STEP?epoch=E&offset=N`: appends raw bytes.
pub(crate) async fn append(
    auth: RunnerAuth,
    State(app): State<App>,
    Path((job, attempt, step)): Path<(JobId, u32, usize)>,
    Query(Place { epoch, offset }): Query<Place>,
    bytes: Bytes,
) -> Result<Response, ApiError> {
    let claim = Claim { job, attempt, epoch };
    holds(&app, &auth, claim).await?;
    if step >= MOST_STEPS {
        return Err(ApiError::bad_request(format!("the job has no step {step}")));
    }
    let current = || app.dispatcher.holder(claim).is_some();
    match app.logs.append_if(LogAddress { job, attempt, step }, offset, bytes, current).await {
        Ok(committed) => Ok(Json(Appended { committed }).into_response()),
        Err(AppendError::Gap { committed }) => {
            Ok((StatusCode::RANGE_NOT_SATISFIABLE, Json(Appended { committed })).into_response())
        }
        Err(AppendError::Stale) => Err(stale()),
        Err(AppendError::Full) => {
            let status = StatusCode::INSUFFICIENT_STORAGE;
            Err(ApiError::ours(status, "the server's disk is full", "no space left for logs"))
        }
        Err(AppendError::Io(cause)) => Err(unavailable(&cause)),
    }
}

/// More steps than any plan has: bounds how many files a runner can make.
const MOST_STEPS: usize = 1024;

fn unavailable(cause: &std::io::Error) -> ApiError {
    ApiError::ours(StatusCode::SERVICE_UNAVAILABLE, "the log cannot be written now", cause)
}
