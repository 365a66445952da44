//! Secrets of a repository. Their values come in and never go out.

use axum::{Json, extract::State, http::StatusCode};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use slipway_pipelines::{suggest::did_you_mean, trigger::Event};
use slipway_web::time::rfc3339;

use super::{SecretBody, UrlPath, checks, find_repository};
use crate::{
    app::App,
    auth::Admin,
    error::ApiError,
    store::{
        StoreError,
        model::{NewSecret, Repository, Secret},
    },
};

/// A secret without its value.
#[derive(Debug, Serialize)]
pub(crate) struct SecretJson {
    name: String,
    events: Vec<Event>,
    images: Vec<String>,
    updated_at: String,
}

impl From<Secret> for SecretJson {
    fn from(Secret { rule, updated }: Secret) -> Self {
        Self { name: rule.name, events: rule.events, images: rule.images, updated_at: rfc3339(updated) }
    }
}

/// Body of `PUT repos/O/R/secrets/NAME`. No `Debug`: it holds a secret.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutSecret {
    value: SecretString,
    #[serde(default)]
    events: Option<Vec<String>>,
    #[serde(default)]
    images: Vec<String>,
}

/// `GET repos/O/R/secrets`: by name.
pub(crate) async fn list_secrets(
    _: Admin,
    State(app): State<App>,
    UrlPath((owner, name)): UrlPath<(String, String)>,
) -> Result<Json<Vec<SecretJson>>, ApiError> {
    let repository = find_repository(&app, &owner, &name).await?;
    Ok(Json(app.store.secrets(repository.id).await?.into_iter().map(SecretJson::from).collect()))
}

/// `PUT repos/O/R/secrets/NAME`: makes or replaces it, and answers what is known of it then.
pub(crate) async fn put_secret(
    who: Admin,
    State(app): State<App>,
    UrlPath((owner, name, secret)): UrlPath<(String, String, String)>,
    SecretBody(body): SecretBody<PutSecret>,
) -> Result<Json<SecretJson>, ApiError> {
    let repository = find_repository(&app, &owner, &name).await?;
    let new = NewSecret {
        name: checks::secret_name(&secret)?,
        value: checks::value("value", body.value)?,
        events: checks::events(body.events.as_deref())?,
        images: checks::images(&body.images)?,
    };
    let secret = new.name.clone();
    keep_secret(&app, &repository, new, &who.name).await?;
    let kept = app.store.secrets(repository.id).await?.into_iter().find(|one| one.rule.name == secret);
    kept.map(|kept| Json(kept.into())).ok_or_else(|| ApiError::internal("a new secret is not there"))
}

/// `DELETE repos/O/R/secrets/NAME`: 204.
pub(crate) async fn delete_secret(
    who: Admin,
    State(app): State<App>,
    UrlPath((owner, name, secret)): UrlPath<(String, String, String)>,
) -> Result<StatusCode, ApiError> {
    let repository = find_repository(&app, &owner, &name).await?;
    forget_secret(&app, &repository, &secret, &who.name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Stores a checked secret.
pub(crate) async fn keep_secret(
    app: &App,
    repository: &Repository,
    new: NewSecret,
    by: &str,
) -> Result<(), StoreError> {
    let secret = new.name.clone();
    app.store.put_secret(repository.id, new).await?;
    tracing::info!(repository = %repository.name, secret, by, "secret set");
    Ok(())
}

/// Deletes a secret, or says which ones there are.
pub(crate) async fn forget_secret(app: &App, repository: &Repository, secret: &str, by: &str) -> Result<(), ApiError> {
    let secret = checks::secret_name(secret)?;
    match app.store.delete_secret(repository.id, &secret).await {
        Err(StoreError::NotFound) => {
            let known = app.store.secrets(repository.id).await?;
            let near = did_you_mean(&secret, known.iter().map(|one| one.rule.name.as_str()));
            let error = ApiError::not_found(format!("`{}` has no secret `{secret}`", repository.name));
            Err(match near {
                Some(near) => error.help(near),
                None => error,
            })
        }
        done => {
            done?;
            tracing::info!(repository = %repository.name, secret, by, "secret deleted");
            Ok(())
        }
    }
}
