//! `/runner/v1/caches…`

use axum::{
    Json,
    body::Body,
    extract::{Path, Query, Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use slipway_pipelines::{
    ids::JobId,
    lease::Claim,
    plan::LONGEST_CACHE_KEY,
    state::Millis,
    wire::{CacheAnswer, CacheOffer, CacheRefusal, CacheWanted},
};
use uuid::Uuid;

use super::who::{holds, stale};
use crate::{
    app::App,
    auth::RunnerAuth,
    caches::{self, Scopes},
    clock,
    error::ApiError,
    json::ApiJson,
    store::{CacheGround, model::NewCached},
};

/// How long after its end a job may still hand over what it saves. Its end is told by the clock of its runner.
const AFTER_END: Millis = 24 * 3_600_000;
/// Longest reason that is kept, in characters.
const LONGEST_PROBLEM: usize = 500;

#[derive(Deserialize)]
pub(crate) struct Epoch {
    epoch: u64,
}

/// `POST /runner/v1/caches`: which entry fits best.
pub(crate) async fn find_cache(
    auth: RunnerAuth,
    State(app): State<App>,
    ApiJson(wanted): ApiJson<CacheWanted>,
) -> Result<Json<CacheAnswer>, ApiError> {
    holds(&app, &auth, wanted.claim).await?;
    let ground = app.store.cache_ground(wanted.claim).await?;
    Ok(Json(caches::find(&app, &ground, &wanted).await?))
}

/// `GET /runner/v1/caches/JOB/ATTEMPT/ID?epoch=E`: the bytes of an entry.
pub(crate) async fn fetch_cache(
    auth: RunnerAuth,
    State(app): State<App>,
    Path((job, attempt, id)): Path<(JobId, u32, Uuid)>,
    Query(Epoch { epoch }): Query<Epoch>,
) -> Result<Response, ApiError> {
    let claim = Claim { job, attempt, epoch };
    holds(&app, &auth, claim).await?;
    let ground = app.store.cache_ground(claim).await?;
    let scopes = Scopes::of(&ground.trigger, &ground.default_branch);
    let found = app.store.cache(ground.repository, id).await?;
    let found = found.filter(|found| found.problem.is_none() && scopes.may_read(&found.scope));
    let found = found.ok_or_else(|| ApiError::not_found("the entry is not there any more"))?;
    let bytes = caches::open(&app, ground.repository, &found).await?;
    // Without a length: a damaged entry may have another.
    Ok(([(header::CONTENT_TYPE, "application/zstd")], Body::from_stream(bytes)).into_response())
}

/// `POST /runner/v1/caches/JOB/ATTEMPT?…`: takes an entry.
pub(crate) async fn save_cache(
    auth: RunnerAuth,
    State(app): State<App>,
    Path((job, attempt)): Path<(JobId, u32)>,
    Query(offer): Query<CacheOffer>,
    request: Request,
) -> Result<StatusCode, ApiError> {
    let claim = Claim { job, attempt, epoch: offer.epoch };
    let (ground, scope) = may_write(&app, &auth, claim, &offer.key).await?;
    let most = caches::most_of_one(app.config.cache_limit);
    if offer.bytes > most {
        let error = format!("it has {} bytes, and {most} is the most", offer.bytes);
        return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, error));
    }
    let CacheOffer { key, form, bytes, sha256, .. } = offer;
    let repository = ground.repository;
    let new = NewCached { id: Uuid::now_v7(), repository, scope, key, form, bytes, sha256, problem: None };
    caches::take(&app, new, request.into_body().into_data_stream()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /runner/v1/caches/refused`: keeps why there is no entry.
pub(crate) async fn refuse_cache(
    auth: RunnerAuth,
    State(app): State<App>,
    ApiJson(refusal): ApiJson<CacheRefusal>,
) -> Result<StatusCode, ApiError> {
    let (ground, scope) = may_write(&app, &auth, refusal.claim, &refusal.key).await?;
    let CacheRefusal { key, form, problem, .. } = refusal;
    let problem: String = problem.chars().take(LONGEST_PROBLEM).collect();
    let problem = Some(format!("the last build could not save it: {problem}"));
    let (id, repository) = (Uuid::now_v7(), ground.repository);
    let new = NewCached { id, repository, scope, key, form, bytes: 0, sha256: String::new(), problem };
    app.store.put_cache(new, app.config.cache_limit).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whether a run may add an entry now, and where.
async fn may_write(app: &App, auth: &RunnerAuth, claim: Claim, key: &str) -> Result<(CacheGround, String), ApiError> {
    if app.dispatcher.holder(claim).is_some() {
        holds(app, auth, claim).await?;
    } else if !app.store.last_held_by(claim, &auth.token).await? {
        return Err(stale());
    }
    let ground = app.store.cache_ground(claim).await?;
    if ground.ended.is_some_and(|ended| clock::now() - ended > AFTER_END) {
        return Err(stale());
    }
    if key.is_empty() || key.len() > LONGEST_CACHE_KEY || key.chars().any(char::is_control) {
        return Err(ApiError::bad_request(format!("a key has 1 to {LONGEST_CACHE_KEY} bytes, in one line")));
    }
    let scopes = Scopes::of(&ground.trigger, &ground.default_branch);
    match scopes.writes {
        Some(scope) => Ok((ground, scope)),
        None => Err(ApiError::forbidden(format!("builds by `{}` write no caches", ground.trigger.event().as_str()))),
    }
}

impl From<caches::TakeError> for ApiError {
    fn from(error: caches::TakeError) -> Self {
        match error {
            caches::TakeError::Storage(error) => error.into(),
            caches::TakeError::Store(error) => error.into(),
        }
    }
}
