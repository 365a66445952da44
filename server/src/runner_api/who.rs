//! Which runner speaks: decided by its token, never by what it says.

use slipway_pipelines::{ids::RunnerId, lease::Claim};

use crate::{app::App, auth::RunnerAuth, error::ApiError, store::model::Runner};

/// The runner that a request names, if it belongs to the request's token. 404 asks it to say hello first.
pub(super) async fn runner(app: &App, auth: &RunnerAuth, id: RunnerId) -> Result<Runner, ApiError> {
    let known = match app.dispatcher.known(id) {
        Some(runner) => Some(runner),
        None => app.store.runner(id).await?.inspect(|runner| app.dispatcher.know(runner.clone())),
    };
    let runner = known.ok_or_else(|| ApiError::not_found(format!("runner `{id}` is not known")).help("say hello"))?;
    if runner.token == auth.token { Ok(runner) } else { Err(other_token(id)) }
}

/// Refuses a claim that is not the current one, or that another token's runner holds.
pub(super) async fn holds(app: &App, auth: &RunnerAuth, claim: Claim) -> Result<(), ApiError> {
    let holder = app.dispatcher.holder(claim).ok_or_else(stale)?;
    runner(app, auth, holder).await.map(drop)
}

pub(super) fn other_token(id: RunnerId) -> ApiError {
    ApiError::forbidden(format!("runner `{id}` came with another token before"))
        .help("use that token, or give the runner a fresh data folder")
}

pub(super) fn stale() -> ApiError {
    crate::store::StoreError::Stale.into()
}
