//! The first page.

use axum::{extract::State, http::StatusCode, response::Response};
use slipway_pipelines::repository::RepositoryName;
use slipway_web::{
    sign::Sign,
    views::{BuildRow, Frame, HomePage, RepositoryRow, paths},
};

use super::{PageError, Visitor, render};
use crate::{
    app::App,
    clock,
    store::model::{BuildSummary, Repository},
};

/// How many of the newest builds are looked through for those under way.
const RECENT: u32 = 200;
/// How many builds of a repository are shown as signs.
const HISTORY: u32 = 10;

/// `GET /`.
pub(crate) async fn home(_: Visitor, State(app): State<App>) -> Result<Response, PageError> {
    let now = clock::now();
    let recent = app.store.recent_builds(RECENT).await?;
    let active = recent
        .iter()
        .filter(|(_, build)| !build.status.is_final())
        .map(|(name, build)| row(name, build, now))
        .collect();
    let mut rows = Vec::new();
    for repository in app.store.repositories().await? {
        let builds = app.store.builds(repository.id, None, HISTORY).await?;
        rows.push((
            builds.first().map_or(repository.created, |build| build.created),
            repository_row(&repository, &builds, now),
        ));
    }
    // What changed last comes first.
    rows.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let host = app.config.public_url.replacen("://", "://ci:TOKEN@", 1);
    let page = HomePage {
        frame: Frame::new("Builds"),
        active,
        repositories: rows.into_iter().map(|(_, row)| row).collect(),
        push_example: format!("{host}/git/me/thing.git"),
    };
    render(StatusCode::OK, &page)
}

/// How a build is shown.
pub(super) fn sign(build: &BuildSummary) -> Sign {
    Sign::new(build.status, build.finish.as_ref())
}

/// A build as a row of a list.
pub(super) fn row(name: &RepositoryName, build: &BuildSummary, now: i64) -> BuildRow {
    let times = [Some(build.created), build.started, build.finished];
    BuildRow::new(name, build.number, sign(build), &build.trigger, times, now)
}

fn repository_row(repository: &Repository, builds: &[BuildSummary], now: i64) -> RepositoryRow {
    let name = &repository.name;
    RepositoryRow {
        owner: name.owner().to_owned(),
        name: name.name().to_owned(),
        href: paths::repository(name),
        last: builds.first().map(|build| row(name, build, now)),
        history: builds.iter().rev().map(|build| row(name, build, now).mark()).collect(),
    }
}
