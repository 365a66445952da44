//! A repository's page.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use slipway_web::views::{Frame, RepositoryPage, Start, paths};

use super::{
    PageError, Visitor,
    home::{row, sign},
    render,
};
use crate::{
    api::{UrlPath, UrlQuery, find_repository, webhook_url},
    app::App,
    clock, links,
    store::model::Repository,
};

/// Builds on one page.
const PAGE: u32 = 50;

/// Query of the page.
#[derive(Debug, Deserialize)]
pub(crate) struct Before {
    before: Option<u64>,
}

/// `GET /repos/O/R`.
pub(crate) async fn repository(
    _: Visitor,
    State(app): State<App>,
    UrlPath((owner, name)): UrlPath<(String, String)>,
    UrlQuery(Before { before }): UrlQuery<Before>,
) -> Result<Response, PageError> {
    let repository = find_repository(&app, &owner, &name).await?;
    let name = &repository.name;
    let mut builds = app.store.builds(repository.id, before, PAGE + 1).await?;
    let more = builds.len() > PAGE as usize;
    builds.truncate(PAGE as usize);
    let href = paths::repository(name);
    let now = clock::now();
    let older = more.then(|| builds.last()).flatten().map(|last| format!("{href}?before={}", last.number));
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
        builds: builds.iter().map(|build| row(name, build, now)).collect(),
        paged: before.is_some(),
        older,
    };
    render(StatusCode::OK, &page)
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
