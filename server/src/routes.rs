//! Every route of the server, on one screen. A handler that takes no extractor of [`crate::auth`] is public.

use axum::{Router, routing::get};

use crate::app::App;

/// The whole HTTP surface.
pub(crate) fn router(app: App) -> Router {
    Router::new().route("/healthz", get(|| async { "ok\n" })).with_state(app)
}
