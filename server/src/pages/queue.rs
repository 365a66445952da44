//! The page of queue and runners, and what its buttons do.

use axum::{
    extract::State,
    http::StatusCode,
    response::{Redirect, Response},
};
use slipway_web::views::paths;

use super::{PageError, Visitor, queue_view::queue_page, render};
use crate::{
    api::{Fleet, UrlPath, find_runner},
    app::App,
    clock,
};

/// `GET /queue`.
pub(crate) async fn queue(_: Visitor, State(app): State<App>) -> Result<Response, PageError> {
    let fleet = Fleet::now(&app).await?;
    let entries = app.store.queue().await?;
    render(StatusCode::OK, &queue_page(&fleet, &entries, clock::now()))
}

/// `GET /runners`: a part of the same page.
pub(crate) async fn runners(_: Visitor) -> Redirect {
    Redirect::to("/queue#runners")
}

/// `POST /queue/pause`.
pub(crate) async fn pause_queue(who: Visitor, State(app): State<App>) -> Result<Redirect, PageError> {
    app.pause_queue(&who.name).await?;
    Ok(Redirect::to(paths::QUEUE))
}

/// `POST /queue/resume`.
pub(crate) async fn resume_queue(who: Visitor, State(app): State<App>) -> Result<Redirect, PageError> {
    app.resume_queue(&who.name).await?;
    Ok(Redirect::to(paths::QUEUE))
}

/// `POST /runners/ID/drain`.
pub(crate) async fn drain_runner(
    who: Visitor,
    State(app): State<App>,
    UrlPath(id): UrlPath<String>,
) -> Result<Redirect, PageError> {
    let runner = find_runner(&app, &id).await?;
    app.drain_runner(runner.id, &who.name).await?;
    Ok(Redirect::to(paths::QUEUE))
}

/// `POST /runners/ID/resume`.
pub(crate) async fn resume_runner(
    who: Visitor,
    State(app): State<App>,
    UrlPath(id): UrlPath<String>,
) -> Result<Redirect, PageError> {
    let runner = find_runner(&app, &id).await?;
    app.resume_runner(runner.id, &who.name).await?;
    Ok(Redirect::to(paths::QUEUE))
}
