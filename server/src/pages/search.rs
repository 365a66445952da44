//! The page of the search.

use axum::{extract::State, http::StatusCode, response::Response};
use slipway_web::views::{LogHitView, SearchBuild, SearchPage, TestHit, outcome_sign, paths};

use super::{PageError, Visitor, fields::escape, home::row, render};
use crate::{
    api::{Findings, Scope, SearchQuery, UrlQuery, find},
    app::App,
    clock, links,
    search::LogHit,
};

/// `GET /search`.
pub(crate) async fn search(
    _: Visitor,
    State(app): State<App>,
    UrlQuery(query): UrlQuery<SearchQuery>,
) -> Result<Response, PageError> {
    let mut page = SearchPage::new();
    page.q = query.q.clone().unwrap_or_default();
    page.repo = query.repo.clone().unwrap_or_default();
    page.regex = query.is_regex();
    page.repos = app.store.repositories_names().await?;
    let scope = query.scope().unwrap_or(Scope::All);
    page.scopes = [("All", ""), ("Commits", "builds"), ("Tests", "tests"), ("Logs", "logs")]
        .map(|(word, name)| (word, address(&query, name, None), query.scope.as_deref().unwrap_or_default() == name))
        .into();
    if page.q.trim().is_empty() {
        return render(StatusCode::OK, &page);
    }
    page.asked = true;
    match find(&app, &query).await {
        Ok(found) => fill(&mut page, &query, scope, &found),
        Err(error) if error.status().is_client_error() => {
            let help = error.help_text().unwrap_or_default().to_owned();
            page.problem = Some((error.message().to_owned(), help));
            return render(error.status(), &page);
        }
        Err(error) => return Err(error.into()),
    }
    render(StatusCode::OK, &page)
}

fn fill(page: &mut SearchPage, query: &SearchQuery, scope: Scope, found: &Findings) {
    let now = clock::now();
    page.in_builds = matches!(scope, Scope::All | Scope::Builds);
    page.in_tests = matches!(scope, Scope::All | Scope::Tests);
    page.in_logs = matches!(scope, Scope::All | Scope::Logs);
    let build = |(name, build, part): &_| SearchBuild { row: row(name, build, now), part: Clone::clone(part) };
    page.builds = found.builds.hits.iter().map(build).collect();
    page.more_builds = found.builds.next.map(|next| match scope {
        Scope::Builds => address(query, "builds", Some(&next.to_string())),
        Scope::All | Scope::Tests | Scope::Logs => address(query, "builds", None),
    });
    page.tests = found
        .tests
        .iter()
        .map(|test| TestHit {
            repository: test.repository.to_string(),
            suite: test.suite.clone(),
            name: test.name.clone(),
            href: paths::test(&test.repository, &test.id.to_string()),
            status: outcome_sign(test.outcome, false),
            word: test.outcome.as_str(),
        })
        .collect();
    page.logs = found.logs.hits.iter().map(log_hit).collect();
    page.searched = (found.logs.logs, slipway_web::time::size(found.logs.bytes));
    page.next = found.logs.next.map(|next| address(query, "logs", Some(&next.to_string())));
}

fn log_hit(LogHit { place, lines, more }: &LogHit) -> LogHitView {
    LogHitView {
        repository: place.repository.to_string(),
        number: place.number,
        step: format!("{} / {}", place.job_name, place.step_name),
        attempt: (!place.is_last).then_some(place.log.attempt),
        href: links::step(place),
        lines: lines.iter().map(|line| (line.number, links::line(place, line.number), line.text.clone())).collect(),
        more: *more,
    }
}

/// The page with the same question, elsewhere or further on.
fn address(query: &SearchQuery, scope: &str, before: Option<&str>) -> String {
    let text = |field: &Option<String>| escape(field.as_deref().unwrap_or_default());
    let mut address = format!("/search?q={}", text(&query.q));
    if query.repo.as_deref().is_some_and(|repo| !repo.is_empty()) {
        address += &format!("&repo={}", text(&query.repo));
    }
    if query.is_regex() {
        address += "&regex=1";
    }
    if !scope.is_empty() {
        address += &format!("&in={scope}");
    }
    if let Some(before) = before {
        address += &format!("&before={before}");
    }
    address
}
