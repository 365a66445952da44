//! A repository's page.

use std::collections::BTreeSet;

use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use slipway_pipelines::repository::RepositoryName;
use slipway_web::{
    trend::{Past, Trend},
    views::{FilterForm, Frame, RepositoryPage, Start, TestsHint, paths},
};

use super::{
    PageError, Visitor,
    fields::escape,
    home::{row, sign},
    render,
    tests_view::test_row,
};
use crate::{
    api::{FilterQuery, STATUSES, UrlPath, UrlQuery, events, find_repository, query_of, webhook_url},
    app::App,
    clock, links,
    store::{
        StoreError,
        model::{BuildFilter, BuildSummary, Repository, TestSort},
    },
};

/// Builds on one page.
const PAGE: u32 = 50;
/// Tests of a kind that are named on it.
const HINTS: u32 = 3;

/// Query of the page.
#[derive(Debug, Deserialize)]
pub(crate) struct BuildsQuery {
    before: Option<u64>,
    branch: Option<String>,
    event: Option<String>,
    status: Option<String>,
    author: Option<String>,
}

/// `GET /repos/O/R`.
pub(crate) async fn repository(
    _: Visitor,
    State(app): State<App>,
    UrlPath((owner, name)): UrlPath<(String, String)>,
    UrlQuery(BuildsQuery { before, branch, event, status, author }): UrlQuery<BuildsQuery>,
) -> Result<Response, PageError> {
    let filter = FilterQuery { branch, event, status, author }.filter()?;
    let repository = find_repository(&app, &owner, &name).await?;
    let name = &repository.name;
    let mut builds = app.store.filtered_builds(repository.id, &filter, before, PAGE + 1).await?;
    let more = builds.len() > PAGE as usize;
    builds.truncate(PAGE as usize);
    let href = paths::repository(name);
    let now = clock::now();
    let query = match query_of(&filter, escape) {
        query if query.is_empty() => query,
        query => format!("&{query}"),
    };
    let older = more.then(|| builds.last()).flatten().map(|last| format!("{href}?before={}{query}", last.number));
    let hint = if before.is_none() && filter.is_empty() { tests_hint(&app, &repository).await? } else { None };
    let page = RepositoryPage {
        frame: Frame::repository(name, builds.first().filter(|_| before.is_none()).map(sign)),
        owner: name.owner().to_owned(),
        name: name.name().to_owned(),
        run_action: format!("{href}/builds"),
        run_page: paths::run(name),
        tests: paths::tests(name),
        settings: paths::settings(name),
        href,
        default_branch: repository.default_branch.clone(),
        start: start(&repository, &app.config.public_url),
        badge: paths::badge(name),
        trend: if before.is_none() { trend(name, &builds) } else { None },
        hint,
        filter: filter_form(&filter, &builds),
        builds: builds.iter().map(|build| row(name, build, now)).collect(),
        paged: before.is_some(),
        older,
    };
    render(StatusCode::OK, &page)
}

/// The builds that are over, oldest first; of one there is nothing to see.
fn trend(name: &RepositoryName, builds: &[BuildSummary]) -> Option<Trend> {
    let past = |build: &BuildSummary| Past {
        number: build.number,
        href: paths::build(name, build.number),
        status: sign(build),
        took: build.started.zip(build.finished).map(|(started, finished)| finished - started),
    };
    let past: Vec<Past> = builds.iter().rev().filter(|build| build.status.is_final()).map(past).collect();
    (past.len() > 1).then(|| Trend::new(&past))
}

fn filter_form(filter: &BuildFilter, builds: &[BuildSummary]) -> FilterForm {
    let known = |of: fn(&BuildSummary) -> &str| -> Vec<String> {
        let all: BTreeSet<&str> = builds.iter().map(of).filter(|text| !text.is_empty()).collect();
        all.into_iter().map(str::to_owned).collect()
    };
    FilterForm {
        branch: filter.branch.clone().unwrap_or_default(),
        event: filter.event.map(|event| event.as_str().to_owned()).unwrap_or_default(),
        status: filter.status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
        author: filter.author.clone().unwrap_or_default(),
        branches: known(|build| build.trigger.branch()),
        authors: known(|build| &build.trigger.author.name),
        events: events().to_vec(),
        statuses: STATUSES.to_vec(),
    }
}

/// The slowest and the flaky tests.
async fn tests_hint(app: &App, repository: &Repository) -> Result<Option<TestsHint>, StoreError> {
    let some = async |sort: TestSort| -> Result<Vec<(String, String, String)>, StoreError> {
        let rows = app.store.tests(repository.id, sort, HINTS).await?;
        let views = rows.iter().map(|row| test_row(&repository.name, row, sort));
        Ok(views.map(|view| (view.name, view.href, view.figure)).collect())
    };
    let slowest = some(TestSort::Slowest).await?;
    if slowest.is_empty() {
        return Ok(None);
    }
    let flaky = some(TestSort::Flaky).await?;
    let slowest = slowest.into_iter().take(HINTS as usize + 1 - flaky.len().min(2)).collect();
    let all_flaky = format!("{}?sort={}", paths::tests(&repository.name), TestSort::Flaky.as_str());
    Ok(Some(TestsHint { slowest, flaky: flaky.into_iter().take(2).collect(), all_flaky }))
}

fn start(repository: &Repository, public_url: &str) -> Start {
    match webhook_url(repository, public_url) {
        None => Start::Push { url: format!("{public_url}{}", links::git(&repository.name)) },
        Some(url) => Start::Hook {
            forge: repository.forge.as_str().to_owned(),
            url,
            clone_url: repository.clone_url.clone().unwrap_or_default(),
        },
    }
}
