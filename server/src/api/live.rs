//! Says that something changed, to pages that show many builds. Carries no data: they ask for what they show.

use std::time::Duration;

use axum::{
    extract::State,
    response::{Response, sse::Event},
};
use futures_util::stream;
use tokio::sync::broadcast::{Receiver, error::RecvError};

use crate::{app::App, auth::Admin, sse};
use slipway_pipelines::ids::BuildId;

/// Changes that come faster are one event.
const PACE: Duration = Duration::from_millis(500);

/// `GET stream`: an event after builds changed, at most two a second. The first comes at once: a page that comes
/// back after a lost connection looks again.
pub(crate) async fn live(_: Admin, State(app): State<App>) -> Response {
    let news = app.news.subscribe();
    sse::answer(stream::unfold((app, news, true), |(app, mut news, first)| async move {
        if !first {
            changed(&app, &mut news).await?;
        }
        Some((Event::default().data("{}"), (app, news, false)))
    }))
}

/// Waits for a change and for those that come with it.
async fn changed(app: &App, news: &mut Receiver<BuildId>) -> Option<()> {
    tokio::select! {
        news = news.recv() => if news == Err(RecvError::Closed) { return None },
        () = app.stopping.cancelled() => return None,
    }
    tokio::select! {
        () = tokio::time::sleep(PACE) => {}
        () = app.stopping.cancelled() => return None,
    }
    while let Ok(_) | Err(tokio::sync::broadcast::error::TryRecvError::Lagged(_)) = news.try_recv() {}
    Some(())
}
