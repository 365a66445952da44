//! Entries of a repository's caches.

use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use slipway_web::time::rfc3339;
use uuid::Uuid;

use super::{UrlPath, find_repository};
use crate::{
    app::App,
    auth::Admin,
    caches,
    error::ApiError,
    store::{
        StoreError,
        model::{Cached, Repository},
    },
};

/// An entry.
#[derive(Debug, Serialize)]
pub(crate) struct CacheJson {
    id: Uuid,
    key: String,
    /// The branch whose builds write it.
    scope: String,
    size: u64,
    sha256: Option<String>,
    /// Why there is nothing in it.
    problem: Option<String>,
    created_at: String,
    used_at: String,
}

impl From<Cached> for CacheJson {
    fn from(Cached { entry, scope, problem, created, used }: Cached) -> Self {
        Self {
            id: entry.id,
            key: entry.key,
            scope,
            size: entry.bytes,
            sha256: Some(entry.sha256).filter(|digits| !digits.is_empty()),
            problem,
            created_at: rfc3339(created),
            used_at: rfc3339(used),
        }
    }
}

/// `GET repos/O/R/caches`: those used last first.
pub(crate) async fn list_caches(
    _: Admin,
    State(app): State<App>,
    UrlPath((owner, name)): UrlPath<(String, String)>,
) -> Result<Json<Vec<CacheJson>>, ApiError> {
    let repository = find_repository(&app, &owner, &name).await?;
    Ok(Json(app.store.caches(repository.id).await?.into_iter().map(CacheJson::from).collect()))
}

/// `DELETE repos/O/R/caches`: all of them. 204.
pub(crate) async fn delete_caches(
    who: Admin,
    State(app): State<App>,
    UrlPath((owner, name)): UrlPath<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let repository = find_repository(&app, &owner, &name).await?;
    for cached in app.store.caches(repository.id).await? {
        match forget_cache(&app, &repository, cached.entry.id, &who.name).await {
            Err(error) if error.status() == StatusCode::NOT_FOUND => {}
            done => done?,
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE repos/O/R/caches/ID`: 204.
pub(crate) async fn delete_cache(
    who: Admin,
    State(app): State<App>,
    UrlPath((owner, name, id)): UrlPath<(String, String, String)>,
) -> Result<StatusCode, ApiError> {
    let repository = find_repository(&app, &owner, &name).await?;
    let id = id.parse().map_err(|_| no_cache(&repository))?;
    forget_cache(&app, &repository, id, &who.name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes an entry.
pub(crate) async fn forget_cache(app: &App, repository: &Repository, id: Uuid, by: &str) -> Result<(), ApiError> {
    match caches::forget(app, repository.id, id).await {
        Err(StoreError::NotFound) => Err(no_cache(repository)),
        done => {
            done?;
            tracing::info!(repository = %repository.name, cache.id = %id, by, "cache entry deleted");
            Ok(())
        }
    }
}

fn no_cache(repository: &Repository) -> ApiError {
    ApiError::not_found(format!("`{}` has no cache of this id", repository.name))
        .help(format!("`GET /api/v1/repos/{}/caches` lists them", repository.name))
}
