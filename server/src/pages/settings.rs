//! A repository's settings: what its forms send, and the page that they end on.

use axum::{
    Form,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use slipway_web::views::{CronForm, Problem, Section, paths};

use super::{
    PageError, Visitor,
    fields::{Fields, all, lines, one, text},
    render,
    settings_view::{Filled, settings_page},
};
use crate::{
    api::{
        UrlPath, UrlQuery, checked_cron, checks, find_repository, fire_cron, forget_cache, forget_cron,
        forget_registry, forget_secret, keep_cron, keep_registry, keep_secret, set_default_branch, trust,
    },
    app::App,
    clock,
    error::ApiError,
    store::model::{NewRegistry, NewSecret, Repository, TrustChange},
};

type RepositoryPath = UrlPath<(String, String)>;

/// Query of the page.
#[derive(Debug, Deserialize)]
pub(crate) struct Replace {
    /// Name of the secret whose form is filled in.
    secret: Option<String>,
    /// Host of the registry whose form is filled in.
    registry: Option<String>,
    /// Name of the cron whose form is filled in.
    cron: Option<String>,
}

/// `GET /repos/O/R/settings`.
pub(crate) async fn settings(
    _: Visitor,
    State(app): State<App>,
    UrlPath((owner, name)): RepositoryPath,
    UrlQuery(Replace { secret, registry, cron }): UrlQuery<Replace>,
) -> Result<Response, PageError> {
    let repository = find_repository(&app, &owner, &name).await?;
    show(&app, &repository, StatusCode::OK, None, Filled::Known { secret, registry, cron }).await
}

/// `POST /repos/O/R/settings/general`: the default branch.
pub(crate) async fn set_general(
    who: Visitor,
    State(app): State<App>,
    UrlPath((owner, name)): RepositoryPath,
    Form(fields): Fields,
) -> Result<Response, PageError> {
    let repository = find_repository(&app, &owner, &name).await?;
    match checks::branch("default_branch", one(&fields, "default_branch")) {
        Ok(branch) => {
            set_default_branch(&app, &repository, &branch, &who.name).await?;
            Ok(back(&repository, "general"))
        }
        Err(error) => {
            let filled = Filled::Known { secret: None, registry: None, cron: None };
            refuse(&app, &repository, Section::General, &error, filled).await
        }
    }
}

/// `POST /repos/O/R/settings/secrets`: adds or replaces one.
pub(crate) async fn set_secret(
    who: Visitor,
    State(app): State<App>,
    UrlPath((owner, name)): RepositoryPath,
    Form(fields): Fields,
) -> Result<Response, PageError> {
    let repository = find_repository(&app, &owner, &name).await?;
    let events: Vec<String> = all(&fields, "events").map(str::to_owned).collect();
    let images: Vec<String> = lines(one(&fields, "images"));
    let checked = || {
        Ok(NewSecret {
            name: checks::secret_name(one(&fields, "name").trim())?,
            value: checks::value("value", text(one(&fields, "value")).into())?,
            events: checks::events(Some(&events))?,
            images: checks::images(&images)?,
        })
    };
    match checked() {
        Ok(new) => {
            keep_secret(&app, &repository, new, &who.name).await?;
            Ok(back(&repository, "secrets"))
        }
        Err(error) => {
            let filled = Filled::Secret { name: one(&fields, "name").to_owned(), events, images };
            refuse(&app, &repository, Section::Secrets, &error, filled).await
        }
    }
}

/// `POST /repos/O/R/settings/secrets/delete`.
pub(crate) async fn drop_secret(
    who: Visitor,
    State(app): State<App>,
    UrlPath((owner, name)): RepositoryPath,
    Form(fields): Fields,
) -> Result<Response, PageError> {
    let repository = find_repository(&app, &owner, &name).await?;
    gone(forget_secret(&app, &repository, one(&fields, "name"), &who.name).await)?;
    Ok(back(&repository, "secrets"))
}

/// `POST /repos/O/R/settings/registries`: adds or replaces one.
pub(crate) async fn set_registry(
    who: Visitor,
    State(app): State<App>,
    UrlPath((owner, name)): RepositoryPath,
    Form(fields): Fields,
) -> Result<Response, PageError> {
    let repository = find_repository(&app, &owner, &name).await?;
    match registry_fields(&fields) {
        Ok(new) => {
            keep_registry(&app, &repository, new, &who.name).await?;
            Ok(back(&repository, "registries"))
        }
        Err(error) => refuse(&app, &repository, Section::Registries, &error, Filled::registry(&fields)).await,
    }
}

/// What a registry's form says, if it makes sense.
pub(super) fn registry_fields(fields: &[(String, String)]) -> Result<NewRegistry, ApiError> {
    Ok(NewRegistry {
        host: checks::registry_host(one(fields, "host").trim())?,
        username: checks::username(one(fields, "username").trim())?,
        password: checks::value("password", one(fields, "password").to_owned().into())?,
    })
}

/// `POST /repos/O/R/settings/registries/delete`.
pub(crate) async fn drop_registry(
    who: Visitor,
    State(app): State<App>,
    UrlPath((owner, name)): RepositoryPath,
    Form(fields): Fields,
) -> Result<Response, PageError> {
    let repository = find_repository(&app, &owner, &name).await?;
    gone(forget_registry(&app, &repository, one(&fields, "host"), &who.name).await)?;
    Ok(back(&repository, "registries"))
}

/// `POST /repos/O/R/settings/crons`: adds or replaces one.
pub(crate) async fn set_cron(
    who: Visitor,
    State(app): State<App>,
    UrlPath((owner, name)): RepositoryPath,
    Form(fields): Fields,
) -> Result<Response, PageError> {
    let repository = find_repository(&app, &owner, &name).await?;
    let paused = all(&fields, "paused").next().is_some();
    let (cron, schedule, branch) = (one(&fields, "name").trim(), one(&fields, "schedule"), one(&fields, "branch"));
    match checked_cron(cron, schedule, Some(branch), paused) {
        Ok(new) => {
            keep_cron(&app, &repository, new, &who.name).await?;
            Ok(back(&repository, "crons"))
        }
        Err(error) => {
            let [name, schedule, branch] = [cron, schedule, branch].map(str::to_owned);
            let filled = Filled::Cron(CronForm { name, schedule, branch, paused, ..CronForm::default() });
            refuse(&app, &repository, Section::Crons, &error, filled).await
        }
    }
}

/// `POST /repos/O/R/settings/crons/delete`.
pub(crate) async fn drop_cron(
    who: Visitor,
    State(app): State<App>,
    UrlPath((owner, name)): RepositoryPath,
    Form(fields): Fields,
) -> Result<Response, PageError> {
    let repository = find_repository(&app, &owner, &name).await?;
    gone(forget_cron(&app, &repository, one(&fields, "name"), &who.name).await)?;
    Ok(back(&repository, "crons"))
}

/// `POST /repos/O/R/settings/crons/run`: ends on the build, or says why there is none.
pub(crate) async fn run_cron(
    who: Visitor,
    State(app): State<App>,
    UrlPath((owner, name)): RepositoryPath,
    Form(fields): Fields,
) -> Result<Response, PageError> {
    let repository = find_repository(&app, &owner, &name).await?;
    match fire_cron(&app, &repository, one(&fields, "name"), &who.name).await {
        Ok(build) => Ok(Redirect::to(&paths::build(&repository.name, build.number)).into_response()),
        Err(error) => {
            let filled = Filled::Known { secret: None, registry: None, cron: None };
            refuse(&app, &repository, Section::Crons, &error, filled).await
        }
    }
}

/// `POST /repos/O/R/settings/caches/delete`.
pub(crate) async fn drop_cache(
    who: Visitor,
    State(app): State<App>,
    UrlPath((owner, name)): RepositoryPath,
    Form(fields): Fields,
) -> Result<Response, PageError> {
    let repository = find_repository(&app, &owner, &name).await?;
    // What is no id is that of no entry.
    let id = one(&fields, "id").parse().unwrap_or_default();
    gone(forget_cache(&app, &repository, id, &who.name).await)?;
    Ok(back(&repository, "caches"))
}

/// `POST /repos/O/R/settings/trust`: what is not ticked is taken away.
pub(crate) async fn set_trust(
    who: Visitor,
    State(app): State<App>,
    UrlPath((owner, name)): RepositoryPath,
    Form(fields): Fields,
) -> Result<Response, PageError> {
    let repository = find_repository(&app, &owner, &name).await?;
    let given = |name: &str| Some(all(&fields, name).next().is_some());
    let change = TrustChange { network: given("network"), volumes: given("volumes"), security: given("security") };
    trust(&app, &repository, change, &who.name).await?;
    Ok(back(&repository, "trust"))
}

async fn show(
    app: &App,
    repository: &Repository,
    status: StatusCode,
    problem: Option<Problem>,
    filled: Filled,
) -> Result<Response, PageError> {
    let secrets = app.store.secrets(repository.id).await?;
    let registries = app.store.registries(repository.id).await?;
    let crons = app.store.crons(repository.id).await?;
    let caches = app.store.caches(repository.id).await?;
    let page = settings_page(repository, &secrets, &registries, &crons, &caches, filled, clock::now());
    let mut page = page.at(&app.config.public_url);
    page.problem = problem;
    render(status, &page)
}

async fn refuse(
    app: &App,
    repository: &Repository,
    at: Section,
    error: &ApiError,
    filled: Filled,
) -> Result<Response, PageError> {
    let help = error.help_text().unwrap_or_default().to_owned();
    let problem = Problem { at, text: error.message().to_owned(), help };
    show(app, repository, error.status(), Some(problem), filled).await
}

fn back(repository: &Repository, part: &str) -> Response {
    Redirect::to(&format!("{}#{part}", paths::settings(&repository.name))).into_response()
}

/// Somebody else deleted it first: the page shows that it is gone.
pub(super) fn gone(done: Result<(), ApiError>) -> Result<(), ApiError> {
    match done {
        Err(error) if error.status() == StatusCode::NOT_FOUND => Ok(()),
        done => done,
    }
}
