//! The raw log of a step.

use std::ops::Range;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
};
use bytes::Bytes;
use futures_util::{Stream, stream};
use serde::Deserialize;

use super::{
    UrlPath, UrlQuery, find_build, find_step,
    range::{self, Ranged},
};
use crate::{
    app::App,
    auth::Admin,
    error::ApiError,
    logs::{LogAddress, Logs, unreadable},
};

/// Most bytes read at once.
const CHUNK: u64 = 256 * 1024;

/// Query of both forms of a log.
#[derive(Debug, Deserialize)]
pub(crate) struct LogQuery {
    /// Of the job; the last one without it.
    pub(crate) attempt: Option<u32>,
    /// Where a stream starts, in bytes.
    pub(crate) offset: Option<u64>,
}

pub(crate) type StepPath = UrlPath<(String, String, String, String, String)>;

/// `GET …/log`: the bytes that are there now, as they were written. `Range` is honoured.
pub(crate) async fn raw_log(
    _: Admin,
    State(app): State<App>,
    UrlPath((owner, name, number, job, step)): StepPath,
    UrlQuery(query): UrlQuery<LogQuery>,
    headers: HeaderMap,
) -> Result<Response<Body>, ApiError> {
    let build = find_build(&app, &owner, &name, &number).await?;
    let log = find_step(&app, &build, &job, &step, query.attempt).await?;
    let length = app.logs.length(log.address).await.map_err(|error| unreadable(&error))?;
    let asked = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let answer = Response::builder()
        .header(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"))
        .header(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"))
        .header(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))
        .header(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    let (answer, range) = match range::parse(asked, length) {
        Ranged::Whole => (answer.status(StatusCode::OK), 0..length),
        Ranged::Part(range) => {
            let content = format!("bytes {}-{}/{length}", range.start, range.end - 1);
            (answer.status(StatusCode::PARTIAL_CONTENT).header(header::CONTENT_RANGE, content), range)
        }
        Ranged::Unsatisfiable => {
            let content = format!("bytes */{length}");
            (answer.status(StatusCode::RANGE_NOT_SATISFIABLE).header(header::CONTENT_RANGE, content), 0..0)
        }
    };
    answer
        .header(header::CONTENT_LENGTH, range.end - range.start)
        .body(Body::from_stream(bytes(app.logs.clone(), log.address, range)))
        .map_err(ApiError::internal)
}

/// The bytes of a range, piece by piece. Ends with an error when some of them are gone: the caller was promised them.
fn bytes(logs: Logs, address: LogAddress, range: Range<u64>) -> impl Stream<Item = std::io::Result<Bytes>> {
    stream::try_unfold((logs, range), move |(logs, range)| async move {
        if range.is_empty() {
            return Ok(None);
        }
        let piece = logs.read(address, range.start..range.end.min(range.start + CHUNK)).await?;
        if piece.is_empty() {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let next = range.start + piece.len() as u64..range.end;
        Ok(Some((piece, (logs, next))))
    })
}
