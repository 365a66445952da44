//! What is done for every request: an id, a span without secrets, a line in the log.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use tracing::Instrument;
use uuid::Uuid;

use crate::error::REQUEST_ID;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Gives a request an id, which the answer carries as `x-request-id`. The span names the route, not the path: paths can
/// hold login tokens and webhook ids.
pub(crate) async fn identify(request: Request, next: Next) -> Response {
    let id = Uuid::now_v7().to_string();
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str);
    let span = tracing::info_span!("request", request.id = %id, method = %request.method(), route);
    let began = Instant::now();
    let mut response = REQUEST_ID.scope(id.clone(), next.run(request)).instrument(span.clone()).await;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HEADER, value);
    }
    span.in_scope(|| {
        tracing::debug!(status = response.status().as_u16(), ms = began.elapsed().as_secs_f64() * 1e3, "answered");
    });
    response
}
