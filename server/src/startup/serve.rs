//! The HTTP server, and how it ends.

use std::{io, time::Duration};

use axum::serve::ListenerExt;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{app::App, routes};

/// How long requests under way are waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Serves until [`Parts::stopping`](crate::app::Parts::stopping) is cancelled, then until the requests under way are
/// done or the patience ends.
pub(super) fn spawn(listener: TcpListener, app: App) -> JoinHandle<io::Result<()>> {
    let stopping = app.stopping.clone();
    // A log line must not wait for the next one to fill a packet.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
    });
    tokio::spawn(async move {
        let graceful = stopping.clone().cancelled_owned();
        let serving = axum::serve(listener, routes::router(app)).with_graceful_shutdown(graceful);
        let out_of_patience = async {
            stopping.cancelled().await;
            tokio::time::sleep(PATIENCE).await;
        };
        tokio::select! {
            result = serving => result,
            () = out_of_patience => {
                tracing::warn!("some requests did not end in time");
                Ok(())
            }
        }
    })
}
