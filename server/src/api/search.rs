//! Search across builds.

use axum::{Json, extract::State};
use serde::Deserialize;
use serde_json::{Value, json};
use slipway_pipelines::ids::BuildId;

use super::{UrlQuery, find_repository, shape::BuildJson};
use crate::{
    app::App,
    auth::Admin,
    error::ApiError,
    links,
    search::{BuildHits, Cursor, LogHit, LogHits, Needle, search_builds, search_logs},
    store::model::{Repository, TestPlace},
};

/// Builds and tests in one answer.
const BUILDS: usize = 30;
const TESTS: u32 = 50;

/// What is looked for, and where.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct SearchQuery {
    /// Text, or a regular expression.
    pub(crate) q: Option<String>,
    /// `owner/name`; all repositories without it.
    pub(crate) repo: Option<String>,
    /// `builds`, `tests` or `logs`; all of them without it.
    #[serde(rename = "in")]
    pub(crate) scope: Option<String>,
    /// `q` is a regular expression.
    pub(crate) regex: Option<String>,
    /// Where to go on: `next` of the answer before. Needs `in`.
    pub(crate) before: Option<String>,
}

/// Where a search looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Scope {
    /// Everywhere.
    All,
    /// What is known of builds.
    Builds,
    /// Names of tests.
    Tests,
    /// Text in logs.
    Logs,
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// Builds.
    pub(crate) builds: BuildHits,
    /// Tests.
    pub(crate) tests: Vec<TestPlace>,
    /// Lines of logs.
    pub(crate) logs: LogHits,
}

impl SearchQuery {
    /// Where to look.
    pub(crate) fn scope(&self) -> Result<Scope, ApiError> {
        match self.scope.as_deref().unwrap_or_default() {
            "" | "all" => Ok(Scope::All),
            "builds" => Ok(Scope::Builds),
            "tests" => Ok(Scope::Tests),
            "logs" => Ok(Scope::Logs),
            other => Err(ApiError::bad_request(format!("unknown place `{other}` in `in`"))
                .help("`builds`, `tests`, `logs`, or nothing for all of them")),
        }
    }

    /// Whether `q` is a regular expression.
    pub(crate) fn is_regex(&self) -> bool {
        matches!(self.regex.as_deref(), Some("1" | "true" | "on"))
    }

    /// The repository that is meant; `None` for all.
    pub(crate) async fn repository(&self, app: &App) -> Result<Option<Repository>, ApiError> {
        match self.repo.as_deref().map(str::trim).filter(|repo| !repo.is_empty()) {
            None => Ok(None),
            Some(repo) => {
                let (owner, name) = repo.split_once('/').unwrap_or((repo, ""));
                find_repository(app, owner, name).await.map(Some)
            }
        }
    }
}

/// Looks.
pub(crate) async fn find(app: &App, query: &SearchQuery) -> Result<Findings, ApiError> {
    let scope = query.scope()?;
    let text = query.q.as_deref().unwrap_or_default().trim();
    let needle = Needle::new(text, query.is_regex())
        .map_err(|error| ApiError::bad_request(error.to_string()).help("without `regex=1`, `q` is plain text"))?;
    let repository = query.repository(app).await?.map(|repository| repository.id);
    let before = query.before.as_deref().filter(|before| !before.is_empty());
    let odd = || ApiError::bad_request("`before` is not the `next` of an answer");
    let mut found = Findings::default();
    if matches!(scope, Scope::All | Scope::Builds) {
        let most = if scope == Scope::All { 5 } else { BUILDS };
        let before = match before {
            Some(id) if scope == Scope::Builds => Some(BuildId(id.parse().map_err(|_| odd())?)),
            _ => None,
        };
        // An expression says nothing about text that must be there.
        let like = if query.is_regex() { "" } else { text };
        found.builds = search_builds(app, repository, (like, &needle), before, most).await?;
    }
    if matches!(scope, Scope::All | Scope::Tests) && !query.is_regex() {
        let most = if scope == Scope::All { 5 } else { TESTS };
        found.tests = app.store.tests_like(repository, text, most).await?;
    }
    if matches!(scope, Scope::All | Scope::Logs) {
        let from = before.map(|cursor| cursor.parse::<Cursor>().map_err(|()| odd())).transpose()?;
        found.logs = search_logs(app, repository, &needle, from).await?;
    }
    Ok(found)
}

/// `GET search`: a stretch of what fits, newest build first. `next` of builds and logs goes on with `in` and `before`.
pub(crate) async fn search(
    _: Admin,
    State(app): State<App>,
    UrlQuery(query): UrlQuery<SearchQuery>,
) -> Result<Json<Value>, ApiError> {
    let found = find(&app, &query).await?;
    let url = &app.config.public_url;
    let builds = found.builds.hits.iter().map(|(name, build, part)| {
        let mut json = json!(BuildJson::of(name, build, url));
        json["repository"] = json!(name);
        json["found"] = json!(part.as_ref().map(|part| part.concat()));
        json
    });
    let tests = found.tests.iter().map(|test| {
        json!({
            "repository": test.repository,
            "id": test.id.to_string(),
            "suite": test.suite,
            "name": test.name,
            "number": test.number,
            "outcome": test.outcome.as_str(),
        })
    });
    Ok(Json(json!({
        "builds": {"hits": builds.collect::<Value>(), "next": found.builds.next},
        "tests": {"hits": tests.collect::<Value>()},
        "logs": {
            "hits": found.logs.hits.iter().map(|hit| log_json(hit, url)).collect::<Value>(),
            "next": found.logs.next.map(|next| next.to_string()),
            "searched": {"logs": found.logs.logs, "bytes": found.logs.bytes},
        },
    })))
}

fn log_json(hit: &LogHit, url: &str) -> Value {
    let place = &hit.place;
    let lines = hit.lines.iter().map(|line| {
        json!({"line": line.number, "text": line.text.concat(), "url": format!("{url}{}", links::line(place, line.number))})
    });
    json!({
        "repository": place.repository,
        "number": place.number,
        "job": place.job_name,
        "step": place.step_name,
        "attempt": place.log.attempt,
        "more": hit.more,
        "lines": lines.collect::<Value>(),
    })
}
