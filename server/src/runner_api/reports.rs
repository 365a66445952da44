//! `POST /runner/v1/reports`

use axum::{extract::State, http::StatusCode};
use slipway_pipelines::wire::Reported;

use super::who::holds;
use crate::{app::App, auth::RunnerAuth, error::ApiError, json::ApiJson};

/// Takes a part of what a step reports. It is committed when this answers, and may be sent again.
pub(crate) async fn reports(
    auth: RunnerAuth,
    State(app): State<App>,
    ApiJson(reported): ApiJson<Reported>,
) -> Result<StatusCode, ApiError> {
    holds(&app, &auth, reported.claim).await?;
    app.store.take_report(reported).await?;
    Ok(StatusCode::NO_CONTENT)
}
