//! `POST /runner/v1/next`

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::Body,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::Stream;
use slipway_pipelines::{
    lease::Claim,
    wire::{LONG_POLL_MS, Next},
};

use super::{grant::message, who::runner};
use crate::{app::App, auth::RunnerAuth, error::ApiError, json::ApiJson, queue::Dispatcher, store::Granted};

/// Waits for a job. Hanging up loses none: a job that was on its way is queued again.
pub(crate) async fn next(
    auth: RunnerAuth,
    State(app): State<App>,
    ApiJson(next): ApiJson<Next>,
) -> Result<Response, ApiError> {
    let runner = runner(&app, &auth, next.runner).await?;
    app.dispatcher.note_disk(runner.id, next.disk);
    app.dispatcher.note_kept(runner.id, next.kept);
    let mut waiting = app.dispatcher.wait(runner.id, runner.labels);
    let granted = tokio::select! {
        granted = waiting.granted() => granted,
        () = tokio::time::sleep(Duration::from_millis(LONG_POLL_MS)) => waiting.leave().await,
        () = app.stopping.cancelled() => waiting.leave().await,
    };
    match granted {
        Some(granted) => answer(&app, granted),
        None => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

fn answer(app: &App, granted: Granted) -> Result<Response, ApiError> {
    let body = undelivered(app, granted)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], Body::from_stream(body)).into_response())
}

pub(crate) fn undelivered(app: &App, granted: Granted) -> Result<Undelivered, ApiError> {
    let claim = granted.claim;
    let mut body = Undelivered { claim, bytes: None, dispatcher: app.dispatcher.clone(), taken: false };
    body.bytes = Some(serde_json::to_vec(&message(app, granted)).map_err(ApiError::internal)?.into());
    Ok(body)
}

/// An answer that knows whether the connection took it. If it goes away before, the lease is handed back.
pub(crate) struct Undelivered {
    claim: Claim,
    bytes: Option<Bytes>,
    dispatcher: Dispatcher,
    taken: bool,
}

impl Stream for Undelivered {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.taken = true;
        Poll::Ready(self.bytes.take().map(Ok))
    }
}

impl Drop for Undelivered {
    fn drop(&mut self) {
        if !self.taken {
            self.dispatcher.hand_back(self.claim);
        }
    }
}
