//! A build over time.

use axum::{Json, extract::State};
use serde::Serialize;
use slipway_pipelines::state::Millis;
use slipway_web::{
    time::rfc3339,
    timeline::{Lane, critical},
};

use super::{UrlPath, find_build, lanes::lanes};
use crate::{app::App, auth::Admin, clock, error::ApiError};

/// A job, or a step of the job above it.
#[derive(Debug, Serialize)]
pub(crate) struct LaneJson {
    job: String,
    /// Null: it is the job itself.
    step: Option<String>,
    status: &'static str,
    /// Whether it is one of those that decided how long the build took.
    critical: bool,
    /// Median of earlier successful builds; null where there is none.
    usual_ms: Option<Millis>,
    parts: Vec<PartJson>,
}

/// What a part of the time went into.
#[derive(Debug, Serialize)]
struct PartJson {
    /// `queue`, `wait`, `pull`, `build` or `run`.
    kind: &'static str,
    from: String,
    /// Null: it goes on.
    to: Option<String>,
}

/// `GET repos/O/R/builds/N/timeline`: of the last attempt of each job.
pub(crate) async fn build_timeline(
    _: Admin,
    State(app): State<App>,
    UrlPath((owner, name, number)): UrlPath<(String, String, String)>,
) -> Result<Json<Vec<LaneJson>>, ApiError> {
    let build = find_build(&app, &owner, &name, &number).await?;
    let usual = app.store.usual_times(build.repository.id, build.summary.number).await?;
    let lanes = lanes(&build, &usual);
    let path = critical(&lanes, clock::now());
    let mut job = String::new();
    let rows = lanes.iter().zip(path).map(|(lane, critical)| {
        if lane.is_job {
            job.clone_from(&lane.name);
        }
        LaneJson::new(&job, lane, critical)
    });
    Ok(Json(rows.collect()))
}

impl LaneJson {
    fn new(job: &str, lane: &Lane, critical: bool) -> Self {
        let parts = lane.parts.iter().map(|part| PartJson {
            kind: part.kind.as_str(),
            from: rfc3339(part.from),
            to: part.to.map(rfc3339),
        });
        Self {
            job: job.to_owned(),
            step: (!lane.is_job).then(|| lane.name.clone()),
            status: lane.status.as_str(),
            critical,
            usual_ms: lane.usual,
            parts: parts.collect(),
        }
    }
}
