//! Credentials of image registries for every repository that has none of its own for a host.

use axum::{Json, extract::State, http::StatusCode};
use slipway_pipelines::suggest::did_you_mean;

use super::{
    SecretBody, UrlPath, checks,
    registries::{PutRegistry, RegistryJson},
};
use crate::{
    app::App,
    auth::Admin,
    error::ApiError,
    store::{StoreError, model::NewRegistry},
};

/// `GET registries`: by host.
pub(crate) async fn list_global_registries(
    _: Admin,
    State(app): State<App>,
) -> Result<Json<Vec<RegistryJson>>, ApiError> {
    Ok(Json(app.store.global_registries().await?.into_iter().map(RegistryJson::from).collect()))
}

/// `PUT registries/HOST`: makes or replaces it, and answers what is known of it then.
pub(crate) async fn put_global_registry(
    who: Admin,
    State(app): State<App>,
    UrlPath(host): UrlPath<String>,
    SecretBody(body): SecretBody<PutRegistry>,
) -> Result<Json<RegistryJson>, ApiError> {
    let new = body.checked(&host)?;
    let host = new.host.clone();
    keep_global_registry(&app, new, &who.name).await?;
    let kept = app.store.global_registries().await?.into_iter().find(|one| one.host == host);
    kept.map(|kept| Json(kept.into())).ok_or_else(|| ApiError::internal("a new registry is not there"))
}

/// `DELETE registries/HOST`: 204.
pub(crate) async fn delete_global_registry(
    who: Admin,
    State(app): State<App>,
    UrlPath(host): UrlPath<String>,
) -> Result<StatusCode, ApiError> {
    forget_global_registry(&app, &host, &who.name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Stores a checked credential.
pub(crate) async fn keep_global_registry(app: &App, new: NewRegistry, by: &str) -> Result<(), StoreError> {
    let host = new.host.clone();
    app.store.put_global_registry(new).await?;
    tracing::info!(host, by, "global registry credential set");
    Ok(())
}

/// Deletes a credential, or says which ones there are.
pub(crate) async fn forget_global_registry(app: &App, host: &str, by: &str) -> Result<(), ApiError> {
    let host = checks::registry_host(host)?;
    match app.store.delete_global_registry(&host).await {
        Err(StoreError::NotFound) => {
            let known = app.store.global_registries().await?;
            let near = did_you_mean(&host, known.iter().map(|one| one.host.as_str()));
            let error = ApiError::not_found(format!("there is no global credential for `{host}`"));
            Err(match near {
                Some(near) => error.help(near),
                None => error,
            })
        }
        done => {
            done?;
            tracing::info!(host, by, "global registry credential deleted");
            Ok(())
        }
    }
}
