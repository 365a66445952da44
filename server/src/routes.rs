//! Every route of the server, on one screen. A handler that takes no extractor of [`crate::auth`] is public.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{get, post},
};
use slipway_pipelines::wire::MAX_APPEND_BYTES;

use crate::{app::App, error::ApiError, health, requests, runner_api};

/// Largest body unless a route says otherwise, in bytes: that of a webhook.
const LARGEST_BODY: usize = 5 << 20;

/// The whole HTTP surface.
pub(crate) fn router(app: App) -> Router {
    Router::new()
        // Public: health.
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        // Runners: RunnerAuth.
        .route("/runner/v1/hello", post(runner_api::hello))
        .route("/runner/v1/next", post(runner_api::next))
        .route("/runner/v1/renew", post(runner_api::renew))
        .route("/runner/v1/events", post(runner_api::events))
        .route("/runner/v1/logs/{job}/{attempt}", get(runner_api::committed))
        .route(
            "/runner/v1/logs/{job}/{attempt}/{step}",
            post(runner_api::append).layer(DefaultBodyLimit::max(MAX_APPEND_BYTES)),
        )
        .fallback(|| async { ApiError::not_found("there is nothing here") })
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn(requests::identify))
        .with_state(app)
}
