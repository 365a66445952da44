//! The badge of a repository. Public: it tells one word, and tells it of repositories that are not there too.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use slipway_pipelines::{repository::RepositoryName, state::Status};
use slipway_web::sign::Sign;

use super::home::sign;
use crate::{
    api::{UrlPath, UrlQuery},
    app::App,
    error::ApiError,
    store::StoreError,
};

/// How many builds are looked at to find one of the branch.
const DEPTH: u32 = 100;

/// Query of a badge.
#[derive(Debug, Deserialize)]
pub(crate) struct Branch {
    branch: Option<String>,
}

/// `GET /badges/O/R.svg`: the last finished build of a branch, by default of the default branch.
pub(crate) async fn badge(
    State(app): State<App>,
    UrlPath((owner, file)): UrlPath<(String, String)>,
    UrlQuery(query): UrlQuery<Branch>,
) -> Result<Response, ApiError> {
    let name = file.strip_suffix(".svg").ok_or_else(|| ApiError::not_found("a badge's name ends with `.svg`"))?;
    let shown = match RepositoryName::new(&owner, name) {
        Ok(name) => last(&app, &name, query.branch).await?,
        Err(_) => None,
    };
    let headers = [(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "no-cache, max-age=0")];
    Ok((headers, slipway_web::badge::svg(shown)).into_response())
}

async fn last(app: &App, name: &RepositoryName, branch: Option<String>) -> Result<Option<Sign>, StoreError> {
    let Some(repository) = app.store.repository(name).await? else { return Ok(None) };
    let branch = branch.unwrap_or(repository.default_branch);
    let builds = app.store.builds(repository.id, None, DEPTH).await?;
    let of_branch = |build: &&crate::store::model::BuildSummary| {
        build.trigger.branch() == branch && !build.trigger.event().is_pull_request()
    };
    let mut ended = builds.iter().filter(of_branch);
    Ok(ended.find(|build| build.status.is_final() && build.status != Status::Skipped).map(sign))
}
