//! Artifacts: the folders of a build, and files as a browser shows them.

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use slipway_web::views::{ArtifactsPage, Crumb, paths};

use super::{
    PageError, Visitor,
    artifacts_view::{folder_view, job_folders},
    render,
};
use crate::{
    api::{UrlPath, UrlQuery, find_build, shown_artifacts, zip_of},
    app::App,
    artifacts::{self, Place, Shape, Shown},
    clock,
    error::ApiError,
    store::model::BuildDetail,
};

/// Query of a file or folder.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Wanted {
    /// As a zip.
    zip: Option<String>,
    /// Its bytes, whatever a browser could show of it.
    download: Option<String>,
}

/// `GET /repos/O/R/builds/N/artifacts`.
pub(crate) async fn artifacts(
    _: Visitor,
    State(app): State<App>,
    UrlPath((owner, name, number)): UrlPath<(String, String, String)>,
) -> Result<Response, PageError> {
    let build = find_build(&app, &owner, &name, &number).await?;
    let shown = shown_artifacts(&app, &build, None).await?;
    let mut page = page_of(&build);
    page.folders = job_folders(&build, &shown);
    render(StatusCode::OK, &page)
}

/// `GET /repos/O/R/builds/N/artifacts/J/`.
pub(crate) async fn job_artifacts(
    visitor: Visitor,
    state: State<App>,
    UrlPath((owner, name, number, job)): UrlPath<(String, String, String, String)>,
    query: UrlQuery<Wanted>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    artifact(visitor, state, UrlPath((owner, name, number, job, String::new())), query, headers).await
}

/// `GET /repos/O/R/builds/N/artifacts/J/PATH`: a folder's page, or a file.
pub(crate) async fn artifact(
    _: Visitor,
    State(app): State<App>,
    UrlPath((owner, name, number, job, path)): UrlPath<(String, String, String, String, String)>,
    UrlQuery(wanted): UrlQuery<Wanted>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let build = find_build(&app, &owner, &name, &number).await?;
    let shown = shown_artifacts(&app, &build, Some(&job)).await?;
    let path = path.trim_matches('/');
    let missing = || ApiError::not_found(format!("build {number} has no artifact `{path}`"));
    match shown.find(path).ok_or_else(missing)? {
        Place::Folder if wanted.zip.is_some() => {
            Ok(zip_of(&app, &shown, path, &format!("{name}-{number}"))?.into_response())
        }
        Place::Folder => folder(&build, &shown, path),
        Place::File(file) if wanted.download.is_none() && artifacts::shown_as(&file.path).is_some() => {
            let ticket = artifacts::ticket(build.summary.id, file.job, clock::now());
            Ok(Redirect::to(&paths::artifact_view(&ticket, &file.path)).into_response())
        }
        Place::File(file) => Ok(artifacts::answer(&app, file, Shape::Bytes, &headers).await?.into_response()),
    }
}

/// `GET /artifacts/TICKET/PATH`: a file as a browser shows it, in a sandbox. Public: the ticket is the right.
pub(crate) async fn view_artifact(
    State(app): State<App>,
    UrlPath((ticket, path)): UrlPath<(String, String)>,
    headers: HeaderMap,
) -> Result<Response<Body>, PageError> {
    let (build, job) = artifacts::redeem(&ticket, clock::now()).ok_or_else(|| {
        ApiError::not_found("this address is too old").help("open the file from the build's artifacts again")
    })?;
    let shown = Shown::of(app.store.artifacts(build).await?).of_job(&job.to_string());
    let index = format!("{}/index.html", path.trim_matches('/'));
    let found = match shown.find(&path) {
        Some(Place::Folder) => shown.find(&index),
        found => found,
    };
    match found {
        Some(Place::File(file)) => Ok(artifacts::answer(&app, file, Shape::View, &headers).await?),
        Some(Place::Folder) | None => Err(ApiError::not_found(format!("there is no artifact `{path}`")).into()),
    }
}

fn folder(build: &BuildDetail, shown: &Shown, path: &str) -> Result<Response, PageError> {
    let mut page = page_of(build);
    let job = shown.all().first().ok_or_else(|| ApiError::not_found("there are no artifacts"))?;
    let at = |path: &str| paths::artifact(&build.repository.name, build.summary.number, job.job, path);
    page.trail.push(Crumb { text: job.job_name.clone(), href: at("") });
    let ends = path.match_indices('/').map(|(end, _)| end).chain((!path.is_empty()).then_some(path.len()));
    for end in ends {
        let name = path[..end].rsplit('/').next().unwrap_or_default();
        page.trail.push(Crumb { text: name.to_owned(), href: at(&path[..end]) });
    }
    page.folders = vec![folder_view(build, job.job, shown.all(), path)];
    render(StatusCode::OK, &page)
}

fn page_of(build: &BuildDetail) -> ArtifactsPage {
    let summary = &build.summary;
    ArtifactsPage::new(&build.repository.name, summary.number, (summary.status, summary.finish.as_ref()))
}
