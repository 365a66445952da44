//! Looking for text in a log.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};

use super::{UrlPath, UrlQuery, find_build, find_step, log::StepPath};
use crate::{
    app::App,
    auth::Admin,
    error::ApiError,
    logs::{Found, Match, Pattern, Want, sections, trouble, unreadable},
};

/// Matches given when no number is asked for, and at most. Those of one line stay together.
const USUAL: usize = 200;
const MOST: usize = 1000;

/// Query. Flags are on when they are `1` or `true`.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct SearchQuery {
    /// Of the job; the last one without it.
    attempt: Option<u32>,
    /// What is looked for.
    q: Option<String>,
    /// `q` is a regular expression.
    regex: Option<String>,
    /// Upper and lower case differ.
    case: Option<String>,
    /// Instead of `q`: lines that say what went wrong.
    trouble: Option<String>,
    /// Instead of `q`: lines that begin or end a section of the log.
    sections: Option<String>,
    /// Matches from this line on.
    from: Option<u64>,
    /// Without `from`: the last matches up to this line. With it: only these lines are looked at.
    to: Option<u64>,
    /// How many matches.
    limit: Option<usize>,
}

/// What was found.
#[derive(Debug, Serialize)]
pub(crate) struct FoundJson {
    /// All matches in what was looked at: the whole log, unless `from` and `to` are given.
    total: u64,
    /// Those before the first one given.
    before: u64,
    matches: Vec<MatchJson>,
}

#[derive(Debug, Serialize)]
struct MatchJson {
    line: u64,
    column: usize,
    length: usize,
}

/// `GET …/log/search`.
pub(crate) async fn log_search(
    _: Admin,
    State(app): State<App>,
    UrlPath((owner, name, number, job, step)): StepPath,
    UrlQuery(query): UrlQuery<SearchQuery>,
) -> Result<Json<FoundJson>, ApiError> {
    let pattern = pattern(&query)?;
    let build = find_build(&app, &owner, &name, &number).await?;
    let address = find_step(&app, &build, &job, &step, query.attempt).await?.address;
    let (want, lines) = match (query.from, query.to) {
        (Some(from), Some(to)) => (Want::From(1), from.max(1)..=to),
        (None, Some(to)) => (Want::UpTo(to), 1..=u64::MAX),
        (from, None) => (Want::From(from.unwrap_or(1)), 1..=u64::MAX),
    };
    let found = Found::new(want, query.limit.unwrap_or(USUAL).min(MOST));
    // Two at a time: a search reads a whole log, and others want to be answered, too.
    let _turn = app.logs.searching().await;
    let found = app.logs.search(address, &pattern, lines, found).await.map_err(|error| unreadable(&error))?;
    let matches = found.matches.iter().map(|&Match { line, column, length }| MatchJson { line, column, length });
    Ok(Json(FoundJson { total: found.total, before: found.before, matches: matches.collect() }))
}

fn pattern(query: &SearchQuery) -> Result<Pattern, ApiError> {
    let on = |flag: &Option<String>| matches!(flag.as_deref(), Some("1" | "true"));
    match &query.q {
        None if on(&query.trouble) => Ok(trouble().clone()),
        None if on(&query.sections) => Ok(sections().clone()),
        None => {
            Err(ApiError::bad_request("`q` is missing")
                .help("`q=TEXT`; `trouble=1` for lines that say what went wrong, `sections=1` for those that begin or end a section"))
        }
        Some(text) => Pattern::new(text, on(&query.regex), on(&query.case))
            .map_err(|error| ApiError::bad_request(error.to_string()).help("without `regex=1`, `q` is plain text")),
    }
}
