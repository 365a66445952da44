//! What can be changed about a repository: what it may do beyond a container's usual rights, and its default branch.

use axum::{Json, extract::State};
use serde::Deserialize;
use slipway_pipelines::context::Trusted;

use super::{JsonBody, UrlPath, checks, find_repository, shape::RepositoryJson};
use crate::{
    app::App,
    auth::Admin,
    error::ApiError,
    store::{
        StoreError,
        model::{Repository, TrustChange},
    },
};

/// Body of `PATCH repos/O/R`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RepositoryPatch {
    trusted: Option<TrustedPatch>,
    default_branch: Option<String>,
}

/// What is left out stays as it is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TrustedPatch {
    network: Option<bool>,
    volumes: Option<bool>,
    security: Option<bool>,
}

/// `PATCH repos/O/R`: the repository as it is then.
pub(crate) async fn patch_repository(
    who: Admin,
    State(app): State<App>,
    UrlPath((owner, name)): UrlPath<(String, String)>,
    JsonBody(body): JsonBody<RepositoryPatch>,
) -> Result<Json<RepositoryJson>, ApiError> {
    let mut repository = find_repository(&app, &owner, &name).await?;
    if let Some(branch) = body.default_branch {
        let branch = checks::branch("default_branch", &branch)?;
        set_default_branch(&app, &repository, &branch, &who.name).await?;
        repository.default_branch = branch;
    }
    if let Some(TrustedPatch { network, volumes, security }) = body.trusted {
        let change = TrustChange { network, volumes, security };
        repository.trusted = trust(&app, &repository, change, &who.name).await?;
    }
    Ok(Json(RepositoryJson::new(&repository, &app.config.public_url)))
}

/// Changes the default branch, and says so in the server's log.
pub(crate) async fn set_default_branch(
    app: &App,
    repository: &Repository,
    branch: &str,
    by: &str,
) -> Result<(), StoreError> {
    app.store.set_default_branch(repository.id, branch).await?;
    tracing::info!(repository = %repository.name, branch, by, "default branch changed");
    Ok(())
}

/// Changes it, and says so in the server's log.
pub(crate) async fn trust(
    app: &App,
    repository: &Repository,
    change: TrustChange,
    by: &str,
) -> Result<Trusted, StoreError> {
    let trusted = app.store.set_trusted(repository.id, change).await?;
    let Trusted { network, volumes, security } = trusted;
    tracing::info!(repository = %repository.name, network, volumes, security, by, "trust changed");
    Ok(trusted)
}
