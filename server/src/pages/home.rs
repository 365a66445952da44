//! The first page.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use slipway_pipelines::repository::RepositoryName;
use slipway_web::{
    sign::Sign,
    views::{ActiveRow, BranchMark, BuildRow, Frame, HistoryMark, HomePage, RepositoryRow, paths},
};

use super::{PageError, Visitor, fields::escape, render};
use crate::{
    api::{Fleet, UrlQuery, standing},
    app::App,
    clock,
    store::model::{BuildSummary, HomeRepository, Mark, OpenBuild},
};

/// Repositories on the page; the filter finds the others.
const LIMIT: u32 = 60;
/// The same when all are asked for.
const ALL: u32 = 5000;
/// Builds under way on the page; the queue has the others.
const OPEN: u32 = 24;
/// How many builds of a repository are shown as signs, and how many of its branches.
const PAST: (u32, u32) = (8, 4);

/// Query of the page.
#[derive(Debug, Deserialize)]
pub(crate) struct HomeQuery {
    q: Option<String>,
    all: Option<String>,
}

/// `GET /`.
pub(crate) async fn home(
    _: Visitor,
    State(app): State<App>,
    UrlQuery(query): UrlQuery<HomeQuery>,
) -> Result<Response, PageError> {
    let now = clock::now();
    let filter = query.q.as_deref().unwrap_or_default().trim();
    let limit = if query.all.is_some() { ALL } else { LIMIT };
    let (open, all_open) = app.store.open_builds(OPEN).await?;
    let home = app.store.home(filter, limit, PAST).await?;
    let host = app.config.public_url.replacen("://", "://ci:TOKEN@", 1);
    let fleet = Fleet::now(&app).await?;
    let rows = open.iter().map(|one| active_row(one, &fleet, now));
    let (waiting, running) = rows.partition(|row| row.waits);
    let page = HomePage {
        frame: Frame::new("Builds"),
        filter: filter.to_owned(),
        running,
        waiting,
        more_open: all_open.saturating_sub(open.len() as u64),
        more: home.matching.saturating_sub(home.repositories.len() as u64),
        all: format!("/?all=1&q={}", escape(filter)),
        repositories: home.repositories.iter().map(|one| repository_row(one, now)).collect(),
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

/// A build that is not finished, with who has it or what it waits for.
fn active_row(one: &OpenBuild, fleet: &Fleet, now: i64) -> ActiveRow {
    ActiveRow {
        row: row(&one.repository, &one.build, now),
        note: standing(&one.jobs, fleet),
        waits: one.jobs.iter().all(|job| job.state.lease().is_none()),
    }
}

fn repository_row(repository: &HomeRepository, now: i64) -> RepositoryRow {
    let name = &repository.name;
    let mark = |mark: &Mark| HistoryMark {
        href: paths::build(name, mark.number),
        number: mark.number,
        status: Sign::new(mark.status, mark.finish.as_ref()),
    };
    RepositoryRow {
        owner: name.owner().to_owned(),
        name: name.name().to_owned(),
        href: paths::repository(name),
        last: repository.last.as_ref().map(|build| row(name, build, now)),
        branches: repository
            .heads
            .iter()
            .map(|head| BranchMark { branch: head.branch.clone(), mark: mark(head) })
            .collect(),
        history: repository.history.iter().map(mark).collect(),
    }
}
