//! The route of webhooks.

use std::time::Duration;

use axum::{
    Json,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use slipway_pipelines::ids::DeliveryId;

use super::{
    envelope::{self, Envelope},
    payload::{self, Meaning},
    signature,
};
use crate::{
    app::App,
    error::ApiError,
    intake, links,
    store::model::{DeliveryState, DeliveryStored, Forge, NewDelivery, Repository},
};

/// Largest body.
pub const MAX_BODY: usize = 5 << 20;
/// What is read of a body that is too large, before the connection is cut.
const MAX_DROPPED: usize = 64 << 20;
/// Longest time that a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(30);

/// `POST /hooks/FORGE/ID`.
pub async fn receive(
    State(app): State<App>,
    Path((forge, hook)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let body = read(&headers, body).await?;
    let unknown = || ApiError::not_found("there is no such webhook").help("see `webhook_url` of the repository");
    let forge = Forge::parse(&forge).filter(|forge| *forge != Forge::Slipway).ok_or_else(unknown)?;
    let repository = app.store.repository_by_hook(forge, &hook).await?.ok_or_else(unknown)?;
    signature::verify(forge, &headers, &body, &repository.hook_secret)
        .map_err(|error| ApiError::unauthorized(error.to_string()))?;
    let envelope = Envelope::read(forge, &headers, &body).map_err(|error| ApiError::bad_request(error.to_string()))?;
    let payload =
        payload::parse(forge, &envelope.event, &body).map_err(|error| ApiError::bad_request(error.to_string()))?;
    if !payload.is_about(&repository) {
        let about = payload.about.unwrap_or_default();
        return Err(ApiError::forbidden(format!(
            "the webhook is about `{about}`, its URL is that of `{}`",
            repository.name
        )));
    }
    let new = NewDelivery {
        repository: repository.id,
        forge,
        forge_id: envelope.id,
        event: envelope.event,
        body: body.to_vec(),
        headers: envelope::kept(&headers),
    };
    let id = match app.store.store_delivery(new).await? {
        DeliveryStored::Fresh(id) => id,
        DeliveryStored::Known { id, state } => return Ok(answer(&app, &repository, id, &state)),
    };
    if let Meaning::Nothing(why) = payload.meaning {
        let state = DeliveryState::Ignored { why };
        app.store.finish_delivery(id, state.clone()).await?;
        return Ok(answer(&app, &repository, id, &state));
    }
    // The forge waits a few seconds at most, a fetch may take minutes.
    tokio::spawn(work(app.clone(), id));
    Ok(answer(&app, &repository, id, &DeliveryState::Received))
}

/// Reads the body up to the limit. What is larger is read on for a while and dropped: a client that is cut off in the
/// middle of sending sees a broken connection, not the answer.
async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, ApiError> {
    let said = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    let mut fits = said.is_none_or(|length| length <= MAX_BODY);
    let whole = async {
        let mut bytes = BytesMut::new();
        let mut seen = 0;
        let mut stream = body.into_data_stream();
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|_| ApiError::bad_request("the body could not be read"))?;
            seen += chunk.len();
            fits = fits && seen <= MAX_BODY;
            if fits {
                bytes.extend_from_slice(&chunk);
            } else if seen > MAX_DROPPED {
                break;
            }
        }
        Ok(bytes.freeze())
    };
    match tokio::time::timeout(BODY_TIME, whole).await {
        Ok(Err(error)) if fits => Err(error),
        Ok(Ok(bytes)) if fits => Ok(bytes),
        Err(_) if fits => Err(ApiError::new(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time")),
        _ => {
            let error = format!("the body is larger than {} MiB", MAX_BODY >> 20);
            Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, error))
        }
    }
}

async fn work(app: App, id: DeliveryId) {
    let outcome = intake::work(&app, id).await;
    if let Ok(Some(delivery)) = app.store.delivery(id).await {
        intake::log(&delivery, &outcome);
    }
}

fn answer(app: &App, repository: &Repository, id: DeliveryId, state: &DeliveryState) -> Response {
    let (status, more): (_, Value) = match state {
        DeliveryState::Received => (StatusCode::ACCEPTED, json!({})),
        DeliveryState::Built { number, .. } => {
            let url = format!("{}{}", app.config.public_url, links::build(&repository.name, *number));
            (StatusCode::OK, json!({ "build": number, "url": url }))
        }
        DeliveryState::Ignored { why } => (StatusCode::OK, json!({ "ignored": why })),
        DeliveryState::Failed { why } => (StatusCode::OK, json!({ "failed": why })),
    };
    let mut body = json!({ "delivery": id });
    if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
        body.extend(more);
    }
    (status, Json(body)).into_response()
}
