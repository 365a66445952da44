//! What came in for a repository, and what became of it; one can be worked on again.

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use slipway_pipelines::{ids::DeliveryId, state::Millis};
use slipway_web::time::rfc3339;
use uuid::Uuid;

use super::{UrlPath, UrlQuery, find_repository};
use crate::{
    app::App,
    auth::Admin,
    error::ApiError,
    intake, links,
    store::model::{Delivery, DeliveryState, DeliveryStored, NewDelivery, Repository},
};

const LIMIT: u32 = 50;
const MOST: u32 = 200;

/// Query of the list.
#[derive(Debug, Deserialize)]
pub(crate) struct Page {
    before: Option<String>,
    limit: Option<u32>,
}

/// `GET repos/O/R/deliveries`: newest first, those before `before` if it is given.
pub(crate) async fn list_deliveries(
    _: Admin,
    State(app): State<App>,
    UrlPath((owner, name)): UrlPath<(String, String)>,
    UrlQuery(page): UrlQuery<Page>,
) -> Result<Json<Value>, ApiError> {
    let limit = page.limit.unwrap_or(LIMIT);
    if !(1..=MOST).contains(&limit) {
        return Err(ApiError::bad_request(format!("`limit` {limit} is out of range")).help(format!("1 to {MOST}")));
    }
    let repository = find_repository(&app, &owner, &name).await?;
    let before = page.before.as_deref().map(parse).transpose()?;
    let deliveries = app.store.deliveries(repository.id, before, limit).await?;
    let url = &app.config.public_url;
    let shape = |one: &crate::store::model::DeliverySummary| {
        shape(url, &repository, (one.id, &one.forge_id, &one.event), (one.bytes, one.received), &one.state)
    };
    Ok(Json(deliveries.iter().map(shape).collect()))
}

/// `GET repos/O/R/deliveries/ID`: with headers, without credentials, and body.
pub(crate) async fn get_delivery(
    _: Admin,
    State(app): State<App>,
    UrlPath((owner, name, id)): UrlPath<(String, String, String)>,
) -> Result<Json<Value>, ApiError> {
    let (repository, one) = find_delivery(&app, (&owner, &name), &id).await?;
    Ok(Json(whole(&app, &repository, &one)))
}

/// `POST repos/O/R/deliveries/ID/replay`: 202 with a new delivery of the same content, which is worked on from here on.
pub(crate) async fn replay_delivery(
    who: Admin,
    State(app): State<App>,
    UrlPath((owner, name, id)): UrlPath<(String, String, String)>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let (repository, delivery) = find_delivery(&app, (&owner, &name), &id).await?;
    let new = replay(&app, &repository, delivery, &who.name).await?;
    let one = app.store.delivery(new).await?.ok_or_else(|| ApiError::internal("a new delivery is not there"))?;
    Ok((StatusCode::ACCEPTED, Json(whole(&app, &repository, &one))))
}

/// Stores the same content once more, as a delivery of its own, and begins to work on it.
pub(crate) async fn replay(
    app: &App,
    repository: &Repository,
    delivery: Delivery,
    by: &str,
) -> Result<DeliveryId, ApiError> {
    let new = NewDelivery {
        repository: repository.id,
        forge: delivery.forge,
        forge_id: format!("replay-{}", Uuid::now_v7()),
        event: delivery.event,
        body: delivery.body,
        headers: delivery.headers,
    };
    let (DeliveryStored::Fresh(id) | DeliveryStored::Known { id, .. }) = app.store.store_delivery(new).await?;
    tracing::info!(repository = %repository.name, delivery = %id, by, "delivery {} is worked on again", delivery.id);
    let worker = app.clone();
    tokio::spawn(async move {
        let outcome = intake::work(&worker, id).await;
        if let Ok(Some(delivery)) = worker.store.delivery(id).await {
            intake::log(&delivery, &outcome);
        }
    });
    Ok(id)
}

/// The delivery of an id, if it is the repository's.
pub(crate) async fn find_delivery(
    app: &App,
    (owner, name): (&str, &str),
    id: &str,
) -> Result<(Repository, Delivery), ApiError> {
    let repository = find_repository(app, owner, name).await?;
    let delivery = app.store.delivery(parse(id)?).await?.filter(|one| one.repository == repository.id);
    let delivery =
        delivery.ok_or_else(|| ApiError::not_found(format!("`{}` has no delivery `{id}`", repository.name)))?;
    Ok((repository, delivery))
}

fn parse(id: &str) -> Result<DeliveryId, ApiError> {
    id.parse().map(DeliveryId).map_err(|_| ApiError::not_found(format!("`{id}` is not a delivery's id")))
}

fn whole(app: &App, repository: &Repository, one: &Delivery) -> Value {
    let about = (one.id, one.forge_id.as_str(), one.event.as_str());
    let size = (one.body.len() as u64, one.received);
    let mut json = shape(&app.config.public_url, repository, about, size, &one.state);
    json["headers"] = one.headers.iter().map(|(name, value)| json!([name, value])).collect();
    json["body"] = json!(String::from_utf8_lossy(&one.body));
    json
}

fn shape(
    url: &str,
    repository: &Repository,
    (id, forge_id, event): (DeliveryId, &str, &str),
    (bytes, received): (u64, Millis),
    state: &DeliveryState,
) -> Value {
    let (word, number, why) = match state {
        DeliveryState::Received => ("received", None, None),
        DeliveryState::Built { number, .. } => ("built", Some(*number), None),
        DeliveryState::Ignored { why } => ("ignored", None, Some(why)),
        DeliveryState::Failed { why } => ("failed", None, Some(why)),
    };
    json!({
        "id": id,
        "forge_id": forge_id,
        "event": event,
        "bytes": bytes,
        "received_at": rfc3339(received),
        "state": word,
        "build": number,
        "build_url": number.map(|number| format!("{url}{}", links::build(&repository.name, number))),
        "why": why,
    })
}
