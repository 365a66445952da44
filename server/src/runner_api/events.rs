//! `POST /runner/v1/events`

use axum::{extract::State, http::StatusCode};
use slipway_pipelines::wire::{Events, JobNews};

use super::who::{holds, stale};
use crate::{app::App, auth::RunnerAuth, error::ApiError, json::ApiJson};

/// Takes what happened to a job. All of it is committed when this answers, and may be sent again.
pub(crate) async fn events(
    auth: RunnerAuth,
    State(app): State<App>,
    ApiJson(events): ApiJson<Events>,
) -> Result<StatusCode, ApiError> {
    if let Some(runner) = app.dispatcher.holder(events.claim) {
        holds(&app, &auth, events.claim).await?;
        let kept = events.events.iter().find_map(|news| match news {
            JobNews::Finished { kept, .. } => *kept,
            _ => None,
        });
        // Before the commit: who hears of that sees it.
        kept.inspect(|kept| app.dispatcher.note_one_kept(runner, *kept));
    } else if !app.store.last_held_by(events.claim, &auth.token).await? {
        // Only who held the job last may repeat how it ended.
        return Err(stale());
    }
    app.store.take_events(events.claim, events.events).await?;
    Ok(StatusCode::NO_CONTENT)
}
