//! Renews all leases of the runner, and hears the server's orders. Also stops what could not be renewed.

use std::{sync::Arc, time::Duration};

use slipway_pipelines::{lease::RENEW_MS, wire::Renew};
use tokio::time::{self, Instant, MissedTickBehavior};

use crate::{backoff::Backoff, client::CallError, session::Session};

/// Jobs that are added shortly after one another share a request.
const GATHER: Duration = Duration::from_millis(100);

/// Renews for ever. One request is always held by the server, so an order arrives at once.
pub(crate) async fn renew(session: Arc<Session>) {
    let mut backoff = Backoff::default();
    // A job that is new to us is renewed by a request that is answered at once. The held one would be given up each time a job
    // is added, and with many short jobs never be answered.
    let mut hold = false;
    loop {
        let claims = session.jobs.leased();
        if claims.is_empty() {
            session.jobs.added().await;
            time::sleep(GATHER).await;
            hold = false;
            continue;
        }
        let standing = session.standing().await;
        let wait_ms = if hold { RENEW_MS } else { 0 };
        let request = Renew {
            runner: session.runner(),
            claims: claims.clone(),
            wait_ms,
            stopping: session.jobs.stopping(),
            kept: session.workspaces.claims(),
            disk: session.disk(),
        };
        let sent = Instant::now();
        let answer = tokio::select! {
            answer = session.client.renew(&request) => answer,
            () = session.jobs.added(), if hold => {
                time::sleep(GATHER).await;
                hold = false;
                continue;
            }
        };
        match answer {
            Ok(renewed) => {
                backoff = Backoff::default();
                session.jobs.renewed(&claims, sent);
                let held_nothing = hold && sent.elapsed() < GATHER;
                for order in renewed.orders {
                    session.jobs.obey(order);
                }
                hold = true;
                if held_nothing {
                    // An order for a job that ended meanwhile, or a server that does not hold: no busy loop.
                    time::sleep(GATHER).await;
                }
            }
            Err(CallError::Unknown) => session.introduce_again(standing).await,
            Err(error) => {
                if backoff.is_worth_a_line() {
                    tracing::warn!(%error, "cannot renew the leases");
                }
                hold = false;
                backoff.wait().await;
            }
        }
    }
}

/// Watches for leases that could not be renewed in time.
pub(crate) async fn watch(session: Arc<Session>) {
    let mut tick = time::interval(Duration::from_millis(500));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        session.jobs.drop_overdue();
    }
}
