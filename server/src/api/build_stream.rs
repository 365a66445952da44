//! The live state of a build: its JSON now and after every change, then `event: end` when it is finished.

use axum::{
    extract::State,
    response::{Response, sse::Event},
};
use futures_util::stream;
use slipway_pipelines::ids::BuildId;
use tokio::sync::broadcast::{
    Receiver,
    error::RecvError::{Closed, Lagged},
};

use super::{UrlPath, find_build, shape::BuildDetailJson};
use crate::{app::App, auth::Admin, error::ApiError, sse};

/// `GET repos/O/R/builds/N/stream`.
pub(crate) async fn build_stream(
    _: Admin,
    State(app): State<App>,
    UrlPath((owner, name, number)): UrlPath<(String, String, String)>,
) -> Result<Response, ApiError> {
    // Subscribe before looking, so that no change falls in between.
    let news = app.news.subscribe();
    let build = find_build(&app, &owner, &name, &number).await?.summary.id;
    let viewer = Viewer { app, build, news, sent: None, stage: Stage::First };
    Ok(sse::answer(stream::unfold(viewer, |mut viewer| async { viewer.next().await.map(|event| (event, viewer)) })))
}

struct Viewer {
    app: App,
    build: BuildId,
    news: Receiver<BuildId>,
    sent: Option<String>,
    stage: Stage,
}

enum Stage {
    First,
    Following,
    Ending,
    Over,
}

impl Viewer {
    async fn next(&mut self) -> Option<Event> {
        loop {
            match self.stage {
                Stage::First => self.stage = Stage::Following,
                Stage::Following => self.changed().await?,
                Stage::Ending => {
                    self.stage = Stage::Over;
                    return Some(Event::default().event("end").data("{}"));
                }
                Stage::Over => return None,
            }
            let build = self.app.store.build_by_id(self.build).await.ok()??;
            if build.summary.status.is_final() {
                self.stage = Stage::Ending;
            }
            let json = serde_json::to_string(&BuildDetailJson::new(&build, &self.app.config.public_url)).ok()?;
            if self.sent.as_ref() != Some(&json) {
                self.sent = Some(json.clone());
                return Some(Event::default().data(json));
            }
        }
    }

    /// Waits until something about this build was committed.
    async fn changed(&mut self) -> Option<()> {
        loop {
            let news = tokio::select! {
                news = self.news.recv() => news,
                () = self.app.stopping.cancelled() => return None,
            };
            match news {
                Ok(build) if build != self.build => {}
                Ok(_) | Err(Lagged(_)) => return Some(()),
                Err(Closed) => return None,
            }
        }
    }
}
