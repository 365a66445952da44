//! The three routes of the git remote.

use axum::{
    body::Body,
    extract::{Path, Query, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use slipway_pipelines::repository::RepositoryName;

use super::{
    advertise,
    body::PacketBody,
    receive::{self, MAX_PUSH},
    repository::{head, open},
    response::result,
    service::Service,
    upload::{self, MAX_REQUEST},
};
use crate::{
    app::App,
    auth::{GitAccess, GitAuth},
    error::ApiError,
    store::{
        StoreError,
        model::{Forge, NewRepository, Repository},
    },
};

/// An error in plain text: git shows that in the terminal, and nothing else.
#[derive(Debug)]
pub struct Plain(ApiError);

impl<E: Into<ApiError>> From<E> for Plain {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Plain {
    fn into_response(self) -> Response {
        let help = self.0.help_text().map(|help| format!("{help}\n")).unwrap_or_default();
        let text = format!("{}\n{help}", self.0.message());
        let (mut parts, _) = self.0.into_response().into_parts();
        parts.headers.remove(header::CONTENT_LENGTH);
        parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        Response::from_parts(parts, Body::from(text))
    }
}

/// The query of [`info_refs`].
#[derive(Debug, Deserialize)]
pub struct Wanted {
    service: Option<String>,
}

/// `GET /git/OWNER/REPO.git/info/refs?service=…`: which refs there are.
pub async fn info_refs(
    State(app): State<App>,
    auth: GitAuth,
    Path((owner, repo)): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Plain> {
    let service = wanted.service.as_deref().and_then(Service::parse).ok_or_else(|| {
        ApiError::bad_request("only git's smart HTTP protocol is spoken here").help("use git 1.6.6 or newer")
    })?;
    let name = name(&owner, &repo)?;
    let repository = match service {
        Service::UploadPack => Some(existing(&app, &name).await?),
        Service::ReceivePack => {
            auth.may_push()?;
            pushable(&app, &auth, &name).await?
        }
    };
    let name = repository.map_or(name, |repository| repository.name);
    let path = app.config.bare_repository(&name);
    let read = tokio::task::spawn_blocking(move || {
        let Some(repository) = open(&path)? else { return Ok((Vec::new(), None)) };
        Ok::<_, git2::Error>((advertise::refs(&repository, service)?, head(&repository)))
    });
    let (refs, head) = read.await.map_err(ApiError::internal)?.map_err(ApiError::internal)?;
    let body = advertise::render(service, &refs, head.as_deref(), app.config.version);
    Ok(result(service, "advertisement", Body::from(body)))
}

/// `POST /git/OWNER/REPO.git/git-upload-pack`: fetch and clone.
pub async fn upload_pack(
    State(app): State<App>,
    _auth: GitAuth,
    Path((owner, repo)): Path<(String, String)>,
    body: Body,
) -> Result<Response, Plain> {
    let repository = existing(&app, &name(&owner, &repo)?).await?;
    let path = app.config.bare_repository(&repository.name);
    Ok(upload::upload_pack(path, PacketBody::new(body, MAX_REQUEST)).await)
}

/// `POST /git/OWNER/REPO.git/git-receive-pack`: push.
pub async fn receive_pack(
    State(app): State<App>,
    auth: GitAuth,
    Path((owner, repo)): Path<(String, String)>,
    body: Body,
) -> Result<Response, Plain> {
    auth.may_push()?;
    let name = name(&owner, &repo)?;
    let target = async {
        match pushable(&app, &auth, &name).await? {
            Some(repository) => Ok(repository),
            None => create(&app, name.clone()).await,
        }
    };
    let body = PacketBody::new(body, MAX_PUSH);
    Ok(receive::receive_pack(app.clone(), target, auth.user.clone(), body).await?)
}

fn name(owner: &str, repo: &str) -> Result<RepositoryName, ApiError> {
    let repo = repo.strip_suffix(".git").unwrap_or(repo);
    RepositoryName::new(owner, repo).map_err(|error| ApiError::bad_request(error.to_string()))
}

async fn existing(app: &App, name: &RepositoryName) -> Result<Repository, ApiError> {
    let missing = || ApiError::not_found(format!("there is no repository `{name}`"));
    app.store.repository(name).await?.ok_or_else(missing)
}

/// The repository, if it takes pushes; `None` when the push may create it.
async fn pushable(app: &App, auth: &GitAuth, name: &RepositoryName) -> Result<Option<Repository>, ApiError> {
    match app.store.repository(name).await? {
        Some(repository) if repository.forge == Forge::Slipway => Ok(Some(repository)),
        Some(repository) => {
            let forge = repository.forge.as_str();
            Err(ApiError::forbidden(format!("`{name}` lives on another forge ({forge}) and takes no pushes here"))
                .help("push to the forge; its webhook starts the build"))
        }
        None if app.config.push_creates && auth.access == GitAccess::Push => Ok(None),
        None => {
            Err(ApiError::not_found(format!("there is no repository `{name}`, and a push does not create one here")))
        }
    }
}

async fn create(app: &App, name: RepositoryName) -> Result<Repository, ApiError> {
    match app.store.create_repository(NewRepository::own(name.clone())).await {
        Ok(repository) => {
            tracing::info!(repository = %name, "created by a push");
            Ok(repository)
        }
        // Another push was faster.
        Err(StoreError::Exists) => existing(app, &name).await,
        Err(error) => Err(error.into()),
    }
}
