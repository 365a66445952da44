//! A build's page, opened on the step that matters or on one that was asked for.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use slipway_pipelines::state::Status;
use slipway_web::views::{LogView, PanelView, paths};

use super::{
    PageError, Visitor,
    artifacts_view::summary,
    build_view::build_page,
    choose::choose,
    log_view::{Place, log_view},
    panel_view::{Show, panels},
    render,
    tests_view::tests_view,
    window::{self, Window},
};
use crate::{
    api::{UrlPath, UrlQuery, find_build, find_step, shown_artifacts},
    app::App,
    clock,
    error::ApiError,
    logs::unreadable,
    store::{UsualTimes, model::BuildDetail},
};

/// Query of a step's page.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct StepQuery {
    /// Of the job; the last one without it.
    attempt: Option<u32>,
    /// A line that must be on the page.
    line: Option<u64>,
    /// What is open above the log.
    show: Option<Show>,
}

/// Query of a build's page.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct BuildQuery {
    /// What is open above the log.
    show: Option<Show>,
}

/// `GET /repos/O/R/builds/N`.
pub(crate) async fn build(
    _: Visitor,
    State(app): State<App>,
    UrlPath((owner, name, number)): UrlPath<(String, String, String)>,
    UrlQuery(query): UrlQuery<BuildQuery>,
) -> Result<Response, PageError> {
    let build = find_build(&app, &owner, &name, &number).await?;
    let selected = choose(&build.jobs);
    let mut page = build_page(&build, selected, &app.dispatcher.kept(), clock::now());
    page.panel = panel(&app, &build, query.show, &page.href).await?;
    page.tests = tests_view(&app, &build).await?;
    page.artifacts = summary(&build, &shown_artifacts(&app, &build, None).await?);
    if let Some((job, step)) = selected {
        page.log = Some(log(&app, &build, &job.to_string(), &step.to_string(), &StepQuery::default()).await?);
    }
    render(StatusCode::OK, &page)
}

/// `GET /repos/O/R/builds/N/jobs/J/steps/S`.
pub(crate) async fn step(
    _: Visitor,
    State(app): State<App>,
    UrlPath((owner, name, number, job, step)): UrlPath<(String, String, String, String, String)>,
    UrlQuery(query): UrlQuery<StepQuery>,
) -> Result<Response, PageError> {
    let build = find_build(&app, &owner, &name, &number).await?;
    let found = find_step(&app, &build, &job, &step, query.attempt).await?;
    let mut page = build_page(&build, Some((found.job.position, found.step)), &app.dispatcher.kept(), clock::now());
    page.chosen = true;
    let (place, number) = (&build.repository.name, build.summary.number);
    let here = paths::step(place, number, found.job.position, found.step, query.attempt);
    page.panel = panel(&app, &build, query.show, &here).await?;
    page.tests = tests_view(&app, &build).await?;
    page.artifacts = summary(&build, &shown_artifacts(&app, &build, None).await?);
    page.log = Some(log(&app, &build, &job, &step, &query).await?);
    render(StatusCode::OK, &page)
}

/// What can be opened above the log, and what is.
async fn panel(app: &App, build: &BuildDetail, show: Option<Show>, page: &str) -> Result<PanelView, PageError> {
    let usual = match show {
        Some(Show::Timeline) => app.store.usual_times(build.repository.id, build.summary.number).await?,
        Some(Show::Graph | Show::Details) | None => UsualTimes::new(),
    };
    Ok(panels(build, show, &usual, page, clock::now()))
}

async fn log(app: &App, build: &BuildDetail, job: &str, step: &str, query: &StepQuery) -> Result<LogView, PageError> {
    let found = find_step(app, build, job, step, query.attempt).await?;
    let detail = found.job.steps.get(found.step).ok_or_else(|| ApiError::internal("a step is not at its position"))?;
    let show = match query.line {
        Some(line) => window::Show::Line(line),
        None if detail.state.status().is_final() && detail.state.status() != Status::Success => {
            window::Show::Trouble(app.store.log_trouble(found.address).await?)
        }
        None => window::Show::End,
    };
    let read = window::read(&app.logs, found.address, show).await;
    // The page has more than the log.
    let removed = matches!(&read, Err(error) if error.kind() == std::io::ErrorKind::NotFound);
    let window = if removed { Window::default() } else { read.map_err(|error| unreadable(&error))? };
    let place = Place {
        repository: &build.repository.name,
        number: build.summary.number,
        attempts: build.jobs.get(found.job.position).map_or(found.job.attempt, |job| job.attempt),
        now: clock::now(),
    };
    let usage = app.store.usage(found.address).await?;
    let mut view = log_view(&place, &found, detail, window, usage.as_ref());
    if removed {
        view.quiet = "Removed after its time.";
    }
    Ok(view)
}
