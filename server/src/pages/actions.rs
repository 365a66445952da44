//! What the buttons do. They are plain forms: each ends on a page.

use axum::{Form, extract::State, response::Redirect};
use serde::Deserialize;
use slipway_web::views::paths;

use super::{PageError, Visitor};
use crate::{
    api::{UrlPath, find_build, find_repository},
    app::App,
    intake::{self, Target},
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

/// `POST /repos/O/R/builds/N/retry`.
pub(crate) async fn retry(
    who: Visitor,
    State(app): State<App>,
    UrlPath((owner, name, number)): BuildPath,
) -> Result<Redirect, PageError> {
    let build = find_build(&app, &owner, &name, &number).await?;
    match app.retry_build(build.summary.id, &who.name).await {
        // Somebody else was quicker.
        Ok(_) | Err(StoreError::BuildUnfinished) => {
            Ok(Redirect::to(&paths::build(&build.repository.name, build.summary.number)))
        }
        Err(error) => Err(error.into()),
    }
}

/// What the form on a repository's page sends.
#[derive(Debug, Deserialize)]
pub(crate) struct Run {
    branch: String,
}

/// `POST /repos/O/R/builds`.
pub(crate) async fn run(
    who: Visitor,
    State(app): State<App>,
    UrlPath((owner, name)): UrlPath<(String, String)>,
    Form(Run { branch }): Form<Run>,
) -> Result<Redirect, PageError> {
    let repository = find_repository(&app, &owner, &name).await?;
    let target = Target::Branch(branch.trim().to_owned());
    let build = intake::manual(&app, &repository, target, Default::default(), &who.name).await?;
    Ok(Redirect::to(&paths::build(&repository.name, build.number)))
}
