//! Credentials of image registries. Passwords come in and never go out.

use axum::{Json, extract::State, http::StatusCode};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use slipway_pipelines::suggest::did_you_mean;
use slipway_web::time::rfc3339;

use super::{SecretBody, UrlPath, checks, find_repository};
use crate::{
    app::App,
    auth::Admin,
    error::ApiError,
    store::{
        StoreError,
        model::{NewRegistry, Registry, Repository},
    },
};

/// A credential without its password.
#[derive(Debug, Serialize)]
pub(crate) struct RegistryJson {
    host: String,
    username: String,
    updated_at: String,
}

impl From<Registry> for RegistryJson {
    fn from(Registry { host, username, updated }: Registry) -> Self {
        Self { host, username, updated_at: rfc3339(updated) }
    }
}

/// Body of `PUT repos/O/R/registries/HOST` and `PUT registries/HOST`. No `Debug`: it holds a secret.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutRegistry {
    username: String,
    password: SecretString,
}

impl PutRegistry {
    /// What it says, if it makes sense.
    pub(super) fn checked(self, host: &str) -> Result<NewRegistry, ApiError> {
        Ok(NewRegistry {
            host: checks::registry_host(host)?,
            username: checks::username(&self.username)?,
            password: checks::value("password", self.password)?,
        })
    }
}

/// `GET repos/O/R/registries`: by host.
pub(crate) async fn list_registries(
    _: Admin,
    State(app): State<App>,
    UrlPath((owner, name)): UrlPath<(String, String)>,
) -> Result<Json<Vec<RegistryJson>>, ApiError> {
    let repository = find_repository(&app, &owner, &name).await?;
    Ok(Json(app.store.registries(repository.id).await?.into_iter().map(RegistryJson::from).collect()))
}

/// `PUT repos/O/R/registries/HOST`: makes or replaces it, and answers what is known of it then.
pub(crate) async fn put_registry(
    who: Admin,
    State(app): State<App>,
    UrlPath((owner, name, host)): UrlPath<(String, String, String)>,
    SecretBody(body): SecretBody<PutRegistry>,
) -> Result<Json<RegistryJson>, ApiError> {
    let repository = find_repository(&app, &owner, &name).await?;
    let new = body.checked(&host)?;
    let host = new.host.clone();
    keep_registry(&app, &repository, new, &who.name).await?;
    let kept = app.store.registries(repository.id).await?.into_iter().find(|one| one.host == host);
    kept.map(|kept| Json(kept.into())).ok_or_else(|| ApiError::internal("a new registry is not there"))
}

/// `DELETE repos/O/R/registries/HOST`: 204.
pub(crate) async fn delete_registry(
    who: Admin,
    State(app): State<App>,
    UrlPath((owner, name, host)): UrlPath<(String, String, String)>,
) -> Result<StatusCode, ApiError> {
    let repository = find_repository(&app, &owner, &name).await?;
    forget_registry(&app, &repository, &host, &who.name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Stores a checked credential.
pub(crate) async fn keep_registry(
    app: &App,
    repository: &Repository,
    new: NewRegistry,
    by: &str,
) -> Result<(), StoreError> {
    let host = new.host.clone();
    app.store.put_registry(repository.id, new).await?;
    tracing::info!(repository = %repository.name, host, by, "registry credential set");
    Ok(())
}

/// Deletes a credential, or says which ones there are.
pub(crate) async fn forget_registry(app: &App, repository: &Repository, host: &str, by: &str) -> Result<(), ApiError> {
    let host = checks::registry_host(host)?;
    match app.store.delete_registry(repository.id, &host).await {
        Err(StoreError::NotFound) => {
            let known = app.store.registries(repository.id).await?;
            let near = did_you_mean(&host, known.iter().map(|one| one.host.as_str()));
            let error = ApiError::not_found(format!("`{}` has no credential for `{host}`", repository.name));
            Err(match near {
                Some(near) => error.help(near),
                None => error,
            })
        }
        done => {
            done?;
            tracing::info!(repository = %repository.name, host, by, "registry credential deleted");
            Ok(())
        }
    }
}
