//! What came in for a repository: the list, one delivery, and the button that works on it again.

use axum::{
    extract::State,
    http::StatusCode,
    response::{Redirect, Response},
};
use serde::Deserialize;
use serde_json::Value;
use slipway_pipelines::{ids::DeliveryId, repository::RepositoryName, state::Millis};
use slipway_web::{
    time::{Moment, size},
    views::{DeliveriesPage, DeliveryPage, DeliveryRow, paths},
};

use super::{PageError, Visitor, render};
use crate::{
    api::{UrlPath, UrlQuery, find_delivery, find_repository, replay as work_again},
    app::App,
    clock,
    error::ApiError,
    store::model::DeliveryState,
};

/// Deliveries on one page.
const PAGE: u32 = 50;
/// Characters of a body on a page; the API has all.
const SHOWN: usize = 200_000;

/// Query of the list.
#[derive(Debug, Deserialize)]
pub(crate) struct Before {
    before: Option<String>,
}

/// `GET /repos/O/R/settings/deliveries`.
pub(crate) async fn deliveries(
    _: Visitor,
    State(app): State<App>,
    UrlPath((owner, name)): UrlPath<(String, String)>,
    UrlQuery(Before { before }): UrlQuery<Before>,
) -> Result<Response, PageError> {
    let repository = find_repository(&app, &owner, &name).await?;
    let name = &repository.name;
    let unknown = |_| ApiError::bad_request("`before` is not a delivery's id");
    let before = before.map(|id| id.parse().map(DeliveryId).map_err(unknown)).transpose()?;
    let mut found = app.store.deliveries(repository.id, before, PAGE + 1).await?;
    let more = found.len() > PAGE as usize;
    found.truncate(PAGE as usize);
    let now = clock::now();
    let mut page = DeliveriesPage::new(name);
    page.older = found.last().filter(|_| more).map(|last| format!("{}?before={}", paths::deliveries(name), last.id));
    page.paged = before.is_some();
    page.rows = found
        .iter()
        .map(|one| row(name, (one.id, &one.event, &one.forge_id), (one.bytes, one.received), &one.state, now))
        .collect();
    render(StatusCode::OK, &page)
}

/// `GET /repos/O/R/settings/deliveries/ID`.
pub(crate) async fn delivery(
    _: Visitor,
    State(app): State<App>,
    UrlPath((owner, name, id)): UrlPath<(String, String, String)>,
) -> Result<Response, PageError> {
    let (repository, one) = find_delivery(&app, (&owner, &name), &id).await?;
    let about = (one.id, one.event.as_str(), one.forge_id.as_str());
    let row = row(&repository.name, about, (one.body.len() as u64, one.received), &one.state, clock::now());
    let mut body = pretty(&one.body);
    body.truncate(body.floor_char_boundary(SHOWN));
    let page = DeliveryPage::new(&repository.name, row, one.headers, body);
    render(StatusCode::OK, &page)
}

/// `POST /repos/O/R/settings/deliveries/ID/replay`: ends on the new delivery.
pub(crate) async fn replay(
    who: Visitor,
    State(app): State<App>,
    UrlPath((owner, name, id)): UrlPath<(String, String, String)>,
) -> Result<Redirect, PageError> {
    let (repository, delivery) = find_delivery(&app, (&owner, &name), &id).await?;
    let new = work_again(&app, &repository, delivery, &who.name).await?;
    Ok(Redirect::to(&format!("{}/{new}", paths::deliveries(&repository.name))))
}

/// JSON with its lines; other bodies as they are.
fn pretty(body: &[u8]) -> String {
    let parsed: Option<Value> = serde_json::from_slice(body).ok();
    parsed
        .and_then(|json| serde_json::to_string_pretty(&json).ok())
        .unwrap_or_else(|| String::from_utf8_lossy(body).into_owned())
}

fn row(
    name: &RepositoryName,
    (id, event, forge_id): (DeliveryId, &str, &str),
    (bytes, received): (u64, Millis),
    state: &DeliveryState,
    now: Millis,
) -> DeliveryRow {
    let (state, class, why, build) = match state {
        DeliveryState::Received => ("received", "s-running", String::new(), None),
        DeliveryState::Built { number, .. } => {
            ("built", "s-success", String::new(), Some((*number, paths::build(name, *number))))
        }
        DeliveryState::Ignored { why } => ("ignored", "s-skipped", why.clone(), None),
        DeliveryState::Failed { why } => ("failed", "s-failure", why.clone(), None),
    };
    DeliveryRow {
        href: format!("{}/{id}", paths::deliveries(name)),
        event: event.to_owned(),
        forge_id: forge_id.to_owned(),
        replayed: forge_id.starts_with("replay-"),
        state,
        class,
        why,
        build,
        size: size(bytes),
        received: Moment::new(received, now),
    }
}
