//! What a repository may do beyond a container's usual rights.

use axum::{Json, extract::State};
use serde::Deserialize;
use slipway_pipelines::context::Trusted;

use super::{JsonBody, UrlPath, find_repository, shape::RepositoryJson};
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
    trusted: TrustedPatch,
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
    let repository = find_repository(&app, &owner, &name).await?;
    let TrustedPatch { network, volumes, security } = body.trusted;
    let trusted = trust(&app, &repository, TrustChange { network, volumes, security }, &who.name).await?;
    Ok(Json(RepositoryJson::new(&Repository { trusted, ..repository }, &app.config.public_url)))
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
