//! `/runner/v1/artifacts/…`

use axum::{
    Json,
    body::{Body, HttpBody},
    extract::{Path, State},
    http::{Response, StatusCode, header},
};
use serde::Deserialize;
use slipway_pipelines::{
    ids::JobId,
    lease::Claim,
    selection::Selection,
    wire::{BYTES_HEADER, FILES_HEADER, KeptFile, Room, is_artifact_path},
};

use super::who::holds;
use crate::{
    api::UrlQuery,
    app::App,
    artifacts::{self, KeepError, Shown, words},
    auth::RunnerAuth,
    error::ApiError,
    storage::StorageError,
};

#[derive(Deserialize)]
pub(crate) struct Epoch {
    epoch: u64,
}

/// `POST /runner/v1/artifacts/JOB/ATTEMPT/STEP?epoch=E`: what was kept before is forgotten.
pub(crate) async fn clear_artifacts(
    auth: RunnerAuth,
    State(app): State<App>,
    Path((job, attempt, step)): Path<(JobId, u32, usize)>,
    UrlQuery(Epoch { epoch }): UrlQuery<Epoch>,
) -> Result<Json<Room>, ApiError> {
    let claim = Claim { job, attempt, epoch };
    holds(&app, &auth, claim).await?;
    let (bytes, files, gone) = app.store.clear_artifacts(claim, step).await?;
    artifacts::remove(&app, gone).await;
    let limits = artifacts::limits(&app);
    Ok(Json(Room {
        file_bytes: app.config.artifact_limit,
        build_bytes: limits.build_bytes.saturating_sub(bytes),
        build_files: limits.build_files.saturating_sub(files),
    }))
}

/// `PUT /runner/v1/artifacts/JOB/ATTEMPT/STEP?epoch=E&path=P…`: keeps a file.
pub(crate) async fn keep_artifact(
    auth: RunnerAuth,
    State(app): State<App>,
    Path((job, attempt, step)): Path<(JobId, u32, usize)>,
    UrlQuery(file): UrlQuery<KeptFile>,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let claim = Claim { job, attempt, epoch: file.epoch };
    holds(&app, &auth, claim).await?;
    if !is_artifact_path(&file.path) {
        return Err(ApiError::bad_request(format!("`{}` is no path of an artifact", file.path.escape_debug())));
    }
    let size: u64 = body
        .size_hint()
        .exact()
        .ok_or_else(|| ApiError::new(StatusCode::LENGTH_REQUIRED, "the file's length is not told"))?;
    let too_large = || {
        let most = words(app.config.artifact_limit);
        let error = format!("a file of {} is more than the {most} that the server keeps", words(size));
        ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, error).help("the server's `--artifact-limit` says so")
    };
    if size > app.config.artifact_limit {
        return Err(too_large());
    }
    let ground = app.store.artifact_ground(job, step).await?;
    if ground.files.artifacts.is_none() {
        return Err(ApiError::bad_request(format!("step {step} keeps no artifacts")));
    }
    let kept = artifacts::keep(&app, claim, step, &ground, file, size, body.into_data_stream()).await;
    match kept {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(KeepError::TooMuch) => {
            let most = words(app.config.artifact_build_limit);
            let error = format!("the build keeps more than the {most} that the server takes of one build");
            Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, error)
                .help("the server's `--artifact-build-limit` says so"))
        }
        Err(KeepError::Storage(StorageError::TooLarge { .. })) => Err(too_large()),
        Err(KeepError::Storage(error)) => Err(error.into()),
        Err(KeepError::Store(error)) => Err(error.into()),
    }
}

/// `GET /runner/v1/artifacts/JOB/ATTEMPT/STEP/ITEM?epoch=E`: what an item of the step's `artifacts_from` means, as a tar.
pub(crate) async fn take_artifacts(
    auth: RunnerAuth,
    State(app): State<App>,
    Path((job, attempt, step, item)): Path<(JobId, u32, usize, usize)>,
    UrlQuery(Epoch { epoch }): UrlQuery<Epoch>,
) -> Result<Response<Body>, ApiError> {
    holds(&app, &auth, Claim { job, attempt, epoch }).await?;
    let ground = app.store.artifact_ground(job, step).await?;
    let missing = || ApiError::bad_request(format!("step {step} takes no artifacts with the number {item}"));
    let from = ground.files.artifacts_from.get(item).ok_or_else(missing)?;
    let selection = Selection::new(&from.paths).map_err(ApiError::internal)?;
    let mut all = Shown::of(app.store.artifacts_for(job, from).await?).by_path();
    all.retain(|artifact| selection.fits(&artifact.path));
    Response::builder()
        .header(header::CONTENT_TYPE, "application/x-tar")
        .header(FILES_HEADER, all.len())
        .header(BYTES_HEADER, all.iter().map(|artifact| artifact.size).sum::<u64>())
        .body(artifacts::tar(app, all))
        .map_err(ApiError::internal)
}
