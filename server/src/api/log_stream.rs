//! The live log of a step.
//!
//! An event's id is the byte offset after its text, so whoever comes back with it misses nothing and gets nothing twice.
//! Its data is the text as a JSON string. When the step is over and everything was sent comes `event: end`, with the step's
//! JSON.

use axum::{
    extract::State,
    http::HeaderMap,
    response::{Response, sse::Event},
};
use futures_util::stream;

use super::{
    UrlPath, UrlQuery, find_build, find_step,
    log::{LogQuery, StepPath},
    shape::StepJson,
};
use crate::{
    app::App,
    auth::Admin,
    error::ApiError,
    logs::{LogAddress, Tail},
    sse::{self, Text},
};

/// `GET …/log/stream`.
pub(crate) async fn log_stream(
    _: Admin,
    State(app): State<App>,
    UrlPath((owner, name, number, job, step)): StepPath,
    UrlQuery(query): UrlQuery<LogQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let build = find_build(&app, &owner, &name, &number).await?;
    let log = find_step(&app, &build, &job, &step, query.attempt).await?;
    let last = match headers.get("last-event-id").map(|value| value.to_str().ok().map(str::trim)) {
        None | Some(Some("")) => None,
        Some(text) => Some(text.and_then(|text| text.parse().ok()).ok_or_else(|| {
            ApiError::bad_request("`Last-Event-ID` is no byte offset").help("send back the id of the last event")
        })?),
    };
    // What the viewer saw last is newer than the address that it started with.
    let from: u64 = last.or(query.offset).unwrap_or(0);
    let tail = app.tail(log.address, from).await?;
    let viewer = Viewer { app, address: log.address, tail, text: Text::default(), end: from, over: false };
    Ok(sse::answer(stream::unfold(viewer, |mut viewer| async { viewer.next().await.map(|event| (event, viewer)) })))
}

struct Viewer {
    app: App,
    address: LogAddress,
    tail: Tail,
    text: Text,
    /// Offset after the last byte that was read.
    end: u64,
    over: bool,
}

impl Viewer {
    async fn next(&mut self) -> Option<Event> {
        while !self.over {
            let stopping = self.app.stopping.clone();
            let piece = tokio::select! {
                piece = self.tail.next() => piece,
                // No `end`: the viewer comes back when the server does.
                () = stopping.cancelled() => return None,
            };
            let Some((offset, bytes)) = piece else {
                self.over = true;
                break;
            };
            self.end = offset + bytes.len() as u64;
            if let Some(text) = self.text.push(offset, &bytes) {
                return event(text);
            }
        }
        match std::mem::take(&mut self.text).finish(self.end) {
            Some(text) => event(text),
            None => self.end().await,
        }
    }

    /// The last event. `None` when the step is not over after all: its log was taken back, and the viewer must look anew.
    async fn end(&mut self) -> Option<Event> {
        if std::mem::replace(&mut self.end, u64::MAX) == u64::MAX {
            return None;
        }
        let job = self.app.store.job_attempt(self.address.job, self.address.attempt).await.ok()??;
        let step = job.steps.get(self.address.step).filter(|step| step.state.status().is_final())?;
        Event::default().event("end").json_data(StepJson::new(step)).ok()
    }
}

fn event((text, end): (String, u64)) -> Option<Event> {
    Event::default().id(end.to_string()).json_data(text).ok()
}
