//! Credentials of image registries for every repository: the page and what its forms send.

use axum::{
    Form,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use slipway_web::views::{Problem, RegistriesPage, Section, paths};

use super::{
    PageError, Visitor,
    fields::{Fields, one},
    render,
    settings::{gone, registry_fields},
    settings_view::{Filled, registry_form, registry_row},
};
use crate::{
    api::{UrlQuery, forget_global_registry, keep_global_registry},
    app::App,
    clock,
};

/// Query of the page.
#[derive(Debug, Deserialize)]
pub(crate) struct Replace {
    /// Host of the registry whose form is filled in.
    registry: Option<String>,
}

/// `GET /settings/registries`.
pub(crate) async fn registries(
    _: Visitor,
    State(app): State<App>,
    UrlQuery(Replace { registry }): UrlQuery<Replace>,
) -> Result<Response, PageError> {
    show(&app, StatusCode::OK, None, &Filled::Known { secret: None, registry, cron: None }).await
}

/// `POST /settings/registries`: adds or replaces one.
pub(crate) async fn set_global_registry(
    who: Visitor,
    State(app): State<App>,
    Form(fields): Fields,
) -> Result<Response, PageError> {
    match registry_fields(&fields) {
        Ok(new) => {
            keep_global_registry(&app, new, &who.name).await?;
            Ok(Redirect::to(paths::REGISTRIES).into_response())
        }
        Err(error) => {
            let help = error.help_text().unwrap_or_default().to_owned();
            let problem = Problem { at: Section::Registries, text: error.message().to_owned(), help };
            show(&app, error.status(), Some(problem), &Filled::registry(&fields)).await
        }
    }
}

/// `POST /settings/registries/delete`.
pub(crate) async fn drop_global_registry(
    who: Visitor,
    State(app): State<App>,
    Form(fields): Fields,
) -> Result<Response, PageError> {
    gone(forget_global_registry(&app, one(&fields, "host"), &who.name).await)?;
    Ok(Redirect::to(paths::REGISTRIES).into_response())
}

async fn show(app: &App, status: StatusCode, problem: Option<Problem>, filled: &Filled) -> Result<Response, PageError> {
    let known = app.store.global_registries().await?;
    let now = clock::now();
    let rows = known.iter().map(|registry| registry_row(paths::REGISTRIES, registry, now)).collect();
    render(status, &RegistriesPage::new(rows, registry_form(&known, filled), problem))
}
