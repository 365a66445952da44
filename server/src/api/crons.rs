//! Builds that start by themselves.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use slipway_pipelines::suggest::did_you_mean;
use slipway_web::time::rfc3339;

use super::{JsonBody, UrlPath, checks, find_repository, shape::BuildDetailJson};
use crate::{
    app::App,
    auth::Admin,
    clock,
    crons::Schedule,
    error::ApiError,
    intake::{self, Intake},
    store::{
        StoreError,
        model::{BuildRef, Cron, DeliveryState, NewCron, Repository},
    },
};

/// A cron, with what became of its last time.
#[derive(Debug, Serialize)]
pub(crate) struct CronJson {
    name: String,
    schedule: String,
    /// In words.
    description: String,
    /// Null: the default branch.
    branch: Option<String>,
    paused: bool,
    /// Null while it is paused.
    next_at: Option<String>,
    last_at: Option<String>,
    /// Number of the build that the last time made.
    last_build: Option<u64>,
    /// Why the last time made none.
    problem: Option<String>,
}

impl From<Cron> for CronJson {
    fn from(Cron { name, schedule, branch, next, last }: Cron) -> Self {
        let (last_at, state) = last.unzip();
        let (last_build, problem) = match state {
            Some(DeliveryState::Built { number, .. }) => (Some(number), None),
            Some(DeliveryState::Ignored { why } | DeliveryState::Failed { why }) => (None, Some(why)),
            Some(DeliveryState::Received) | None => (None, None),
        };
        Self {
            description: Schedule::parse(&schedule).map(|schedule| schedule.words()).unwrap_or_default(),
            name,
            schedule,
            branch,
            paused: next.is_none(),
            next_at: next.map(rfc3339),
            last_at: last_at.map(rfc3339),
            last_build,
            problem,
        }
    }
}

/// Body of `PUT repos/O/R/crons/NAME`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutCron {
    schedule: String,
    branch: Option<String>,
    #[serde(default)]
    paused: bool,
}

/// `GET repos/O/R/crons`: by name.
pub(crate) async fn list_crons(
    _: Admin,
    State(app): State<App>,
    UrlPath((owner, name)): UrlPath<(String, String)>,
) -> Result<Json<Vec<CronJson>>, ApiError> {
    let repository = find_repository(&app, &owner, &name).await?;
    Ok(Json(app.store.crons(repository.id).await?.into_iter().map(CronJson::from).collect()))
}

type CronPath = UrlPath<(String, String, String)>;

/// `PUT repos/O/R/crons/NAME`: makes or replaces it, and answers what is known of it then.
pub(crate) async fn put_cron(
    who: Admin,
    State(app): State<App>,
    UrlPath((owner, name, cron)): CronPath,
    JsonBody(body): JsonBody<PutCron>,
) -> Result<Json<CronJson>, ApiError> {
    let repository = find_repository(&app, &owner, &name).await?;
    let new = checked_cron(&cron, &body.schedule, body.branch.as_deref(), body.paused)?;
    keep_cron(&app, &repository, new, &who.name).await?;
    let kept = app.store.crons(repository.id).await?.into_iter().find(|one| one.name == cron);
    kept.map(|kept| Json(kept.into())).ok_or_else(|| ApiError::internal("a new cron is not there"))
}

/// `DELETE repos/O/R/crons/NAME`: 204.
pub(crate) async fn delete_cron(
    who: Admin,
    State(app): State<App>,
    UrlPath((owner, name, cron)): CronPath,
) -> Result<StatusCode, ApiError> {
    let repository = find_repository(&app, &owner, &name).await?;
    forget_cron(&app, &repository, &cron, &who.name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST repos/O/R/crons/NAME/run`: 201 with the build that it makes now; 409 with the reason when there is none.
pub(crate) async fn run_cron(
    who: Admin,
    State(app): State<App>,
    UrlPath((owner, name, cron)): CronPath,
) -> Result<(StatusCode, Json<BuildDetailJson>), ApiError> {
    let repository = find_repository(&app, &owner, &name).await?;
    let made = fire_cron(&app, &repository, &cron, &who.name).await?;
    let build = app.store.build_by_id(made.id).await?;
    let build = build.ok_or_else(|| ApiError::internal("a new build is not there"))?;
    Ok((StatusCode::CREATED, Json(BuildDetailJson::new(&build, &app.config.public_url))))
}

/// What is said of a cron, if it makes sense.
pub(crate) fn checked_cron(
    name: &str,
    schedule: &str,
    branch: Option<&str>,
    paused: bool,
) -> Result<NewCron, ApiError> {
    let schedule = schedule.trim();
    let parsed = Schedule::parse(schedule).map_err(|problem| {
        ApiError::bad_request(format!("`{schedule}` is no schedule: {problem}")).help(
            "five fields, in UTC: minute, hour, day of the month, month, day of the week; `0 4 * * 1-5`, or @daily",
        )
    })?;
    let branch = branch.map(str::trim).filter(|branch| !branch.is_empty());
    Ok(NewCron {
        name: checks::cron_name(name)?,
        schedule: schedule.to_owned(),
        branch: branch.map(|branch| checks::branch("branch", branch)).transpose()?,
        next: if paused { None } else { parsed.after(clock::now()) },
    })
}

/// Stores a checked cron.
pub(crate) async fn keep_cron(app: &App, repository: &Repository, new: NewCron, by: &str) -> Result<(), StoreError> {
    let (name, schedule) = (new.name.clone(), new.schedule.clone());
    app.store.put_cron(repository.id, new).await?;
    tracing::info!(repository = %repository.name, cron = name, schedule, by, "cron set");
    Ok(())
}

/// Deletes a cron, or says which ones there are.
pub(crate) async fn forget_cron(app: &App, repository: &Repository, name: &str, by: &str) -> Result<(), ApiError> {
    match app.store.delete_cron(repository.id, name.to_owned()).await {
        Err(StoreError::NotFound) => Err(no_cron(app, repository, name).await?),
        done => {
            done?;
            tracing::info!(repository = %repository.name, cron = name, by, "cron deleted");
            Ok(())
        }
    }
}

/// Makes the build of a cron now.
pub(crate) async fn fire_cron(app: &App, repository: &Repository, name: &str, by: &str) -> Result<BuildRef, ApiError> {
    let delivery = match app.store.fire_cron(repository.id, name.to_owned()).await {
        Err(StoreError::NotFound) => return Err(no_cron(app, repository, name).await?),
        fired => fired?,
    };
    tracing::info!(repository = %repository.name, cron = name, by, "cron runs now");
    match intake::work(app, delivery).await? {
        Intake::Built(build) => Ok(build),
        Intake::Nothing(why) => Err(ApiError::conflict(format!("nothing to build: {why}"))),
    }
}

async fn no_cron(app: &App, repository: &Repository, name: &str) -> Result<ApiError, StoreError> {
    let known = app.store.crons(repository.id).await?;
    let near = did_you_mean(name, known.iter().map(|one| one.name.as_str()));
    let error = ApiError::not_found(format!("`{}` has no cron `{name}`", repository.name));
    Ok(match near {
        Some(near) => error.help(near),
        None => error,
    })
}
