//! Some lines of a log.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use slipway_pipelines::state::Millis;

use super::{UrlQuery, find_build, find_step, log::StepPath};
use crate::{
    app::App,
    auth::Admin,
    clock,
    error::ApiError,
    logs::{Lines, unreadable},
};

/// Lines given when no number is asked for, and at most.
const USUAL: u64 = 500;
const MOST: u64 = 2000;
/// Bytes at most, however many lines are asked for.
const BYTES: u64 = 512 * 1024;

/// Query.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct LinesQuery {
    /// Of the job; the last one without it.
    attempt: Option<u32>,
    /// The first line, from 1; negative counts from the end.
    from: Option<i64>,
    /// The line in the middle, instead.
    around: Option<u64>,
    /// How many.
    count: Option<u64>,
}

/// Lines, and what is needed to draw them and to go on.
#[derive(Debug, Serialize)]
pub(crate) struct LinesJson {
    /// Number of the first.
    first: u64,
    /// How many there are.
    count: u64,
    /// Lines of the whole log, as it is now.
    total: u64,
    /// Whether the log's last line has not ended.
    rest: bool,
    /// Of the bytes of these lines: first, and after the last.
    start: u64,
    end: u64,
    /// Of the whole log in bytes.
    length: u64,
    /// The only line goes on: it is too long.
    cut: bool,
    /// SGR parameters in force where the first line begins.
    style: String,
    /// The bytes as text, ends of lines and escape sequences included.
    text: String,
    /// From which line on the lines came at which time (Unix milliseconds).
    times: Vec<(u64, Millis)>,
    /// The server's clock.
    now: Millis,
}

/// `GET …/log/lines`.
pub(crate) async fn log_lines(
    _: Admin,
    State(app): State<App>,
    super::UrlPath((owner, name, number, job, step)): StepPath,
    UrlQuery(query): UrlQuery<LinesQuery>,
) -> Result<Json<LinesJson>, ApiError> {
    let build = find_build(&app, &owner, &name, &number).await?;
    let address = find_step(&app, &build, &job, &step, query.attempt).await?.address;
    let count = query.count.unwrap_or(USUAL).clamp(1, MOST);
    let index = app.logs.lines(address).await.map_err(|error| unreadable(&error))?;
    let first = match (query.from, query.around) {
        (Some(_), Some(_)) => {
            return Err(ApiError::bad_request("`from` and `around` are given: one of them is enough"));
        }
        (Some(back @ ..0), None) => (index.lines() + 1).saturating_sub(back.unsigned_abs()).max(1),
        (Some(from), None) => from.unsigned_abs().max(1),
        (None, Some(line)) => line.saturating_sub(count / 2).max(1),
        (None, None) => 1,
    };
    let lines = app.logs.window_of(address, index, first, count, BYTES).await.map_err(|error| unreadable(&error))?;
    Ok(Json(LinesJson::new(&lines)))
}

impl LinesJson {
    fn new(lines: &Lines) -> Self {
        let index = &lines.index;
        Self {
            first: lines.first,
            count: lines.count,
            total: index.lines(),
            rest: index.rest(),
            start: lines.start,
            end: lines.start + lines.bytes.len() as u64,
            length: index.length(),
            cut: lines.cut,
            style: lines.style.parameters(),
            text: String::from_utf8_lossy(&lines.bytes).into_owned(),
            times: index.times(lines.first, lines.start, &lines.bytes),
            now: clock::now(),
        }
    }
}
