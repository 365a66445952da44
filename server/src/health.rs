//! Whether the server works, for machines.

use std::fmt::Write;

use axum::{extract::State, http::StatusCode};

use crate::{app::App, auth::Admin, error::ApiError};

/// `/healthz`: the process lives.
pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

/// `/readyz`: the database takes writes, and the server is not about to stop.
pub(crate) async fn ready(State(app): State<App>) -> Result<&'static str, ApiError> {
    let unavailable =
        |cause: &dyn std::fmt::Display| ApiError::ours(StatusCode::SERVICE_UNAVAILABLE, "not ready", cause);
    if app.stopping.is_cancelled() {
        return Err(unavailable(&"the server stops"));
    }
    app.store.check().await.map_err(|error| unavailable(&error))?;
    Ok("ready\n")
}

/// `/metrics`: Prometheus text.
pub(crate) async fn metrics(_: Admin, State(app): State<App>) -> Result<String, ApiError> {
    let counts = app.store.counts().await?;
    let (queued, slots, leases) = app.dispatcher.counts();
    let mut text = String::new();
    let mut gauge = |name: &str, help: &str, values: Vec<(String, u64)>| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "# HELP slipway_{name} {help}\n# TYPE slipway_{name} gauge");
        for (labels, value) in values {
            let _ = writeln!(text, "slipway_{name}{labels} {value}");
        }
    };
    let by = |label: &str, counts: std::collections::BTreeMap<String, u64>| {
        counts.into_iter().map(|(word, count)| (format!("{{{label}=\"{word}\"}}"), count)).collect()
    };
    let one = |value: usize| vec![(String::new(), value as u64)];
    gauge("builds", "Builds by status.", by("status", counts.builds));
    gauge("jobs", "Jobs by phase.", by("phase", counts.jobs));
    gauge("runners", "Runners ever seen.", vec![(String::new(), counts.runners)]);
    gauge("deliveries_pending", "Deliveries not worked on yet.", vec![(String::new(), counts.pending_deliveries)]);
    gauge("queue_jobs", "Jobs that wait for a runner.", one(queued));
    gauge("queue_slots", "Free slots of runners that wait for a job.", one(slots));
    gauge("leases", "Leases in force.", one(leases));
    Ok(text)
}
