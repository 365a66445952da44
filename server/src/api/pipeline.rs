//! The pipeline as it ran: its files, and what they were compiled to.

use axum::{Json, extract::State};
use serde::Serialize;
use slipway_pipelines::plan::{Plan, RunsOn};

use super::{UrlPath, find_build};
use crate::{app::App, auth::Admin, error::ApiError, intake};

/// A file of the pipeline.
#[derive(Debug, Serialize)]
pub(crate) struct FileJson {
    path: String,
    text: String,
}

/// A job as it was compiled.
#[derive(Debug, Serialize)]
pub(crate) struct PlanJson {
    name: String,
    /// Names of the jobs that it waits for.
    needs: Vec<String>,
    runs_on: RunsOn,
    /// Has names of secrets where a runner is given their values.
    plan: Plan,
}

type BuildPath = UrlPath<(String, String, String)>;

/// `GET repos/O/R/builds/N/pipeline`: the files at the build's commit; 404 when the server has the commit no more.
pub(crate) async fn build_pipeline(
    _: Admin,
    State(app): State<App>,
    UrlPath((owner, name, number)): BuildPath,
) -> Result<Json<Vec<FileJson>>, ApiError> {
    let build = find_build(&app, &owner, &name, &number).await?;
    let sha = &build.summary.trigger.sha;
    let files = intake::pipeline_of(&app, &build.repository, sha).await?;
    let files = files.ok_or_else(|| {
        ApiError::not_found(format!("this server has commit {sha} no more")).help("…/plan has what it was compiled to")
    })?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(Json(files.into_iter().map(|file| FileJson { path: file.path, text: text(file.bytes) }).collect()))
}

/// `GET repos/O/R/builds/N/plan`: what each job was compiled to.
pub(crate) async fn build_plan(
    _: Admin,
    State(app): State<App>,
    UrlPath((owner, name, number)): BuildPath,
) -> Result<Json<Vec<PlanJson>>, ApiError> {
    let build = find_build(&app, &owner, &name, &number).await?;
    let plans = app.store.plans(build.summary.id).await?.into_iter();
    let name_of = |position: usize| build.jobs.get(position).map(|job| job.name.clone());
    Ok(Json(
        plans
            .map(|planned| PlanJson {
                name: planned.name,
                needs: planned.needs.into_iter().filter_map(name_of).collect(),
                runs_on: planned.runs_on,
                plan: planned.plan,
            })
            .collect(),
    ))
}
