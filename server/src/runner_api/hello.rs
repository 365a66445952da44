//! `POST /runner/v1/hello`

use axum::{Json, extract::State, http::StatusCode};
use slipway_pipelines::wire::{Hello, PROTOCOL, Resume, Welcome};

use super::{
    grant::message,
    who::{other_token, runner},
};
use crate::{app::App, auth::RunnerAuth, error::ApiError, json::ApiJson, queue, store::StoreError};

/// A runner presents itself. Its id belongs to the token that it first came with.
pub(crate) async fn hello(
    auth: RunnerAuth,
    State(app): State<App>,
    ApiJson(hello): ApiJson<Hello>,
) -> Result<Json<Welcome>, ApiError> {
    if hello.protocol != PROTOCOL {
        let error = format!("the server speaks protocol {PROTOCOL}, the runner {}", hello.protocol);
        return Err(ApiError::new(StatusCode::UPGRADE_REQUIRED, error).help("use the same version of Slipway on both"));
    }
    match app.store.runner_says_hello(&hello, auth.token.clone()).await {
        Err(StoreError::Exists) => return Err(other_token(hello.runner)),
        other => other?,
    }
    if let Some(runner) = app.store.runner(hello.runner).await? {
        app.dispatcher.know(runner);
    }
    let runner = runner(&app, &auth, hello.runner).await?;
    tracing::info!(runner.id = %runner.id, runner.name = %runner.name, "runner {} says hello", runner.id);

    let mut welcome = Welcome { resume: Vec::new(), drop: Vec::new() };
    for claim in hello.holding {
        match app.store.resume(runner.id, claim, queue::deadline()).await? {
            Some(resumed) => welcome.resume.push(Resume {
                grant: message(&app, resumed.granted),
                steps: resumed.steps,
                outputs: resumed.outputs,
                stop: resumed.stop,
            }),
            None => welcome.drop.push(claim),
        }
    }
    Ok(Json(welcome))
}
