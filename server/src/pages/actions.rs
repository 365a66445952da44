//! What the buttons do. They are plain forms: each ends on a page.

use axum::{extract::State, response::Redirect};
use slipway_web::views::paths;

use super::{PageError, Visitor};
use crate::{
    api::{Retry, UrlPath, UrlQuery, find_build},
    app::App,
    store::StoreError,
};

type BuildPath = UrlPath<(String, String, String)>;

/// `POST /repos/O/R/builds/N/cancel`.
pub(crate) async fn cancel(
    who: Visitor,
    State(app): State<App>,
    UrlPath((owner, name, number)): BuildPath,
) -> Result<Redirect, PageError> {
    let build = find_build(&app, &owner, &name, &number).await?;
    match app.cancel_build(build.summary.id, &who.name).await {
        // It ended before the click arrived: the page shows how.
        Ok(_) | Err(StoreError::BuildFinished) => {
            Ok(Redirect::to(&paths::build(&build.repository.name, build.summary.number)))
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /repos/O/R/builds/N/approve`.
pub(crate) async fn approve(
    who: Visitor,
    State(app): State<App>,
    UrlPath((owner, name, number)): BuildPath,
) -> Result<Redirect, PageError> {
    let build = find_build(&app, &owner, &name, &number).await?;
    match app.approve_build(build.summary.id, &who.name).await {
        // Somebody else was quicker.
        Ok(()) | Err(StoreError::NotBlocked) => {
            Ok(Redirect::to(&paths::build(&build.repository.name, build.summary.number)))
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /repos/O/R/builds/N/retry`, `?what=failed|all|job&job=NAME&from=failed`.
pub(crate) async fn retry(
    who: Visitor,
    State(app): State<App>,
    UrlPath((owner, name, number)): BuildPath,
    UrlQuery(what): UrlQuery<Retry>,
) -> Result<Redirect, PageError> {
    let again = what.again(&app)?;
    let build = find_build(&app, &owner, &name, &number).await?;
    match app.retry_build(build.summary.id, again, &who.name).await {
        // Somebody else was quicker.
        Ok(_) | Err(StoreError::BuildUnfinished) => {
            Ok(Redirect::to(&paths::build(&build.repository.name, build.summary.number)))
        }
        Err(error) => Err(error.into()),
    }
}
