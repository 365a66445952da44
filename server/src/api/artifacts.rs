//! Artifacts of a build.

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, Response, header},
};
use serde::{Deserialize, Serialize};
use slipway_web::{time::rfc3339, views::paths};

use super::{UrlPath, UrlQuery, find_build, provenance::artifact_provenance};
use crate::{
    app::App,
    artifacts::{self, Place, Shape, Shown},
    auth::Admin,
    error::ApiError,
    store::model::{Artifact, BuildDetail},
};

/// An artifact, as lists have it.
#[derive(Debug, Serialize)]
pub(crate) struct ArtifactJson {
    path: String,
    size: u64,
    sha256: String,
    executable: bool,
    /// Where a symbolic link leads.
    link: Option<String>,
    job: String,
    step: String,
    created_at: String,
    expires_at: String,
    url: String,
}

/// Query of what is taken.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ArtifactQuery {
    /// Only of this job.
    pub(crate) job: Option<String>,
    /// A folder as a zip.
    pub(crate) zip: Option<String>,
    /// The signed statement about a file instead of it.
    pub(crate) provenance: Option<String>,
}

/// `GET repos/O/R/builds/N/artifacts`: all of them; with `?zip` as one file.
pub(crate) async fn list_artifacts(
    _: Admin,
    State(app): State<App>,
    UrlPath((owner, name, number)): UrlPath<(String, String, String)>,
    UrlQuery(query): UrlQuery<ArtifactQuery>,
) -> Result<Response<Body>, ApiError> {
    let build = find_build(&app, &owner, &name, &number).await?;
    let shown = shown(&app, &build, query.job.as_deref()).await?;
    if query.zip.is_some() {
        return zipped(&app, shown.by_path(), "", &format!("{name}-{number}"));
    }
    let url = &app.config.public_url;
    let list: Vec<ArtifactJson> = shown.all().iter().map(|artifact| json(&build, artifact, url)).collect();
    Ok(axum::response::IntoResponse::into_response(Json(list)))
}

/// `GET repos/O/R/builds/N/artifacts/PATH`: the bytes of one, with `Range`; a folder with `?zip`; with
/// `?provenance` what vouches for it.
pub(crate) async fn get_artifact(
    _: Admin,
    State(app): State<App>,
    UrlPath((owner, name, number, path)): UrlPath<(String, String, String, String)>,
    UrlQuery(query): UrlQuery<ArtifactQuery>,
    headers: HeaderMap,
) -> Result<Response<Body>, ApiError> {
    let build = find_build(&app, &owner, &name, &number).await?;
    let shown = shown(&app, &build, query.job.as_deref()).await?;
    match shown.find(&path) {
        Some(Place::File(artifact)) if query.provenance.is_some() => artifact_provenance(&app, &build, artifact),
        Some(Place::File(artifact)) => artifacts::answer(&app, artifact, Shape::Bytes, &headers).await,
        Some(Place::Folder) if query.zip.is_some() => {
            let folder = path.trim_matches('/');
            zip_of(&app, &shown, folder, &format!("{name}-{number}"))
        }
        Some(Place::Folder) => {
            Err(ApiError::not_found(format!("`{path}` is a folder")).help("add `?zip` to get all that is in it"))
        }
        None => Err(ApiError::not_found(format!("build {number} has no artifact `{path}`"))
            .help("GET …/artifacts lists all; of a job that was tried again only the last attempt counts")),
    }
}

/// What a build shows, or a job of it.
pub(crate) async fn shown(app: &App, build: &BuildDetail, job: Option<&str>) -> Result<Shown, ApiError> {
    let shown = Shown::of(app.store.artifacts(build.summary.id).await?);
    Ok(match job {
        Some(job) => shown.of_job(job),
        None => shown,
    })
}

/// A folder as a zip; its files are named relative to it.
pub(crate) fn zip_of(app: &App, shown: &Shown, folder: &str, otherwise: &str) -> Result<Response<Body>, ApiError> {
    let mut all = shown.clone().by_path();
    let inside = |path: &str| folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    all.retain(|artifact| inside(&artifact.path));
    zipped(app, all, folder, otherwise)
}

fn zipped(app: &App, all: Vec<Artifact>, folder: &str, otherwise: &str) -> Result<Response<Body>, ApiError> {
    if all.is_empty() {
        return Err(ApiError::not_found("there are no artifacts"));
    }
    let name = folder.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(otherwise);
    Response::builder()
        .header(header::CONTENT_TYPE, HeaderValue::from_static("application/zip"))
        .header(header::CONTENT_DISPOSITION, artifacts::attachment(&format!("{name}.zip")))
        .header(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))
        .body(artifacts::zip(app.clone(), all, folder.to_owned()))
        .map_err(ApiError::internal)
}

fn json(build: &BuildDetail, artifact: &Artifact, public_url: &str) -> ArtifactJson {
    let page = paths::artifact(&build.repository.name, build.summary.number, artifact.job, &artifact.path);
    ArtifactJson {
        path: artifact.path.clone(),
        size: artifact.size,
        sha256: artifact.sha256.clone(),
        executable: artifact.executable,
        link: artifact.link.clone(),
        job: artifact.job_name.clone(),
        step: artifact.step_name.clone(),
        created_at: rfc3339(artifact.created),
        expires_at: rfc3339(artifact.expires),
        url: format!("{public_url}{page}"),
    }
}
