//! Repositories.

use axum::{Json, extract::State, http::StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use slipway_pipelines::{context::Trusted, repository::RepositoryName};

use super::{JsonBody, UrlPath, checks, find_repository, shape::RepositoryJson};
use crate::{
    app::App,
    auth::Admin,
    error::ApiError,
    source::CloneUrl,
    store::{
        StoreError,
        model::{Credential, Forge, NewRepository, Repository},
    },
};

/// Body of `POST repos`. No `Debug`: it holds secrets.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRepositoryJson {
    owner: String,
    name: String,
    #[serde(default)]
    forge: Option<String>,
    #[serde(default)]
    clone_url: Option<String>,
    #[serde(default)]
    clone_user: Option<String>,
    #[serde(default)]
    clone_token: Option<SecretString>,
    #[serde(default)]
    clone_ssh_key: Option<SecretString>,
    #[serde(default)]
    clone_host_key: Option<String>,
    #[serde(default)]
    default_branch: Option<String>,
    #[serde(default)]
    private: Option<bool>,
}

/// `GET repos`.
pub(crate) async fn list_repositories(_: Admin, State(app): State<App>) -> Result<Json<Vec<RepositoryJson>>, ApiError> {
    let all = app.store.repositories().await?;
    Ok(Json(all.iter().map(|one| RepositoryJson::new(one, &app.config.public_url)).collect()))
}

/// `GET repos/O/R`.
pub(crate) async fn get_repository(
    _: Admin,
    State(app): State<App>,
    UrlPath((owner, name)): UrlPath<(String, String)>,
) -> Result<Json<RepositoryJson>, ApiError> {
    let repository = find_repository(&app, &owner, &name).await?;
    Ok(Json(RepositoryJson::new(&repository, &app.config.public_url)))
}

/// `POST repos`: 201 with the webhook's secret, which is not shown again.
pub(crate) async fn create_repository(
    _: Admin,
    State(app): State<App>,
    JsonBody(body): JsonBody<NewRepositoryJson>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let new = check(body)?;
    let name = new.name.clone();
    let repository = app.store.create_repository(new).await.map_err(|error| match error {
        StoreError::Exists => ApiError::conflict(format!("there is a repository `{name}` already")),
        error => error.into(),
    })?;
    let mut answer =
        serde_json::to_value(RepositoryJson::new(&repository, &app.config.public_url)).map_err(ApiError::internal)?;
    answer["webhook_secret"] = match repository.forge {
        Forge::Slipway => Value::Null,
        Forge::Github | Forge::Gitea | Forge::Gitlab | Forge::Generic => json!(repository.hook_secret.expose_secret()),
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Where a forge's webhook goes; `None` for Slipway's own remote.
pub(crate) fn webhook_url(repository: &Repository, public_url: &str) -> Option<String> {
    let forge = match repository.forge {
        Forge::Slipway => return None,
        forge @ (Forge::Github | Forge::Gitea | Forge::Gitlab | Forge::Generic) => forge.as_str(),
    };
    Some(format!("{public_url}/hooks/{forge}/{}", repository.hook_id))
}

fn check(body: NewRepositoryJson) -> Result<NewRepository, ApiError> {
    let name =
        RepositoryName::new(&body.owner, &body.name).map_err(|error| ApiError::bad_request(error.to_string()))?;
    let forge = match body.forge.as_deref() {
        None if body.clone_url.is_none() => Forge::Slipway,
        None => Forge::Generic,
        Some(text) => Forge::parse(text).ok_or_else(|| {
            let known = Forge::ALL.map(|forge| format!("`{}`", forge.as_str())).join(", ");
            ApiError::bad_request(format!("unknown forge `{text}`")).help(format!("known are {known}"))
        })?,
    };
    let (clone_url, inside) = match (forge, body.clone_url) {
        (Forge::Slipway, None) => (None, None),
        (Forge::Slipway, Some(_)) => {
            return Err(ApiError::bad_request("a repository of Slipway's own remote has no `clone_url`")
                .help("leave it out, or say which forge it is on"));
        }
        (_, None) => {
            return Err(ApiError::bad_request("`clone_url` is missing").help("https://HOST/PATH or USER@HOST:PATH"));
        }
        (_, Some(text)) => {
            let (url, inside) = CloneUrl::parse(&text).map_err(|error| ApiError::bad_request(error.to_string()))?;
            (Some(url.to_string()), inside)
        }
    };
    let credential = match (body.clone_token, body.clone_ssh_key) {
        (Some(_), Some(_)) => {
            return Err(ApiError::bad_request("`clone_token` and `clone_ssh_key` exclude each other"));
        }
        (Some(token), None) => {
            Some(Credential::Token { username: body.clone_user.unwrap_or_else(|| "token".to_owned()), token })
        }
        (None, Some(private_key)) => Some(Credential::SshKey { private_key, host_key: body.clone_host_key }),
        (None, None) => inside,
    };
    let default_branch = checks::branch("default_branch", body.default_branch.as_deref().unwrap_or("main"))?;
    Ok(NewRepository {
        name,
        forge,
        clone_url,
        credential,
        default_branch,
        private: body.private.unwrap_or(true),
        trusted: Trusted::default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(body: Value) -> Result<NewRepository, ApiError> {
        check(serde_json::from_value(body).unwrap())
    }

    #[test]
    fn a_token_in_the_clone_url_is_split_off() {
        let body = json!({"owner": "me", "name": "x", "forge": "generic", "clone_url": "https://u:ghp_secret@git.example/me/x"});
        let new = checked(body).unwrap();
        assert_eq!(new.clone_url.as_deref(), Some("https://git.example/me/x"));
        let Some(Credential::Token { username, token }) = new.credential else { panic!("no credential") };
        assert_eq!((username.as_str(), token.expose_secret()), ("u", "ghp_secret"));
    }

    #[test]
    fn what_makes_no_sense_is_refused_without_repeating_a_secret() {
        let refused = |body: Value| checked(body).err().map(|error| error.message().to_owned()).unwrap_or_default();
        assert!(refused(json!({"owner": "../x", "name": "y"})).contains("../x/y"));
        assert!(refused(json!({"owner": "a", "name": "b", "forge": "svn"})).contains("`svn`"));
        assert!(refused(json!({"owner": "a", "name": "b", "forge": "gitea"})).contains("clone_url"));
        let odd = refused(json!({"owner": "a", "name": "b", "forge": "gitea", "clone_url": "ftp://u:ghp_secret@x/y"}));
        assert!(!odd.is_empty() && !odd.contains("ghp_secret"), "{odd}");
        assert_eq!(checked(json!({"owner": "a", "name": "b"})).unwrap().forge, Forge::Slipway);
    }
}
