//! What is done for every request: an id, a span without secrets, a line in the log, an answer even when a handler panics.

use std::{any::Any, panic::AssertUnwindSafe, time::Instant};

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use futures_util::FutureExt;
use tracing::Instrument;
use uuid::Uuid;

use crate::{
    error::{ApiError, REQUEST_ID},
    pages,
};

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

/// Answers for a handler that panicked, which would else close the connection without a word. What it had not committed is not
/// there, so that nothing is half done.
pub(crate) async fn outlive(request: Request, next: Next) -> Response {
    let uri = request.uri().clone();
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    answer.unwrap_or_else(|panic| pages::fail(&uri, ApiError::internal(format_args!("panic: {}", message(&*panic)))))
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message")
}

#[cfg(test)]
mod tests {
    use axum::{Router, middleware, routing::get};

    use super::*;

    async fn broken() {
        panic!("a cable is loose");
    }

    #[tokio::test]
    async fn a_panic_is_answered_with_the_requests_id() {
        let router: Router = Router::new()
            .route("/queue", get(broken))
            .route("/api/v1/queue", get(broken))
            .layer(middleware::from_fn(outlive))
            .layer(middleware::from_fn(pages::protect))
            .layer(middleware::from_fn(identify));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(axum::serve(listener, router).into_future());

        let page = reqwest::get(format!("{base}/queue")).await.unwrap();
        assert_eq!(page.status(), 500);
        assert!(page.headers().contains_key("content-security-policy"));
        let id = page.headers()[HEADER].to_str().unwrap().to_owned();
        let text = page.text().await.unwrap();
        assert!(text.contains("Slipway&#39;s fault") && text.contains(&id), "{text}");
        assert!(!text.contains("cable"), "the inside stays inside: {text}");

        let answer = reqwest::get(format!("{base}/api/v1/queue")).await.unwrap();
        assert_eq!(answer.status(), 500);
        let id = answer.headers()[HEADER].to_str().unwrap().to_owned();
        let json: serde_json::Value = answer.json().await.unwrap();
        assert_eq!((json["error"].as_str(), json["request_id"].as_str()), (Some("internal error"), Some(id.as_str())));
        server.abort();
    }
}
