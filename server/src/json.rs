//! JSON bodies, with errors in the server's own form.

use axum::{
    Json,
    extract::{FromRequest, Request, rejection::JsonRejection},
};
use serde::de::DeserializeOwned;

use crate::error::ApiError;

/// A JSON body of a type. What does not fit is a 4xx that says where.
#[derive(Clone, Copy, Debug)]
pub struct ApiJson<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for ApiJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let Json(value) = Json::<T>::from_request(request, state).await.map_err(explain)?;
        Ok(Self(value))
    }
}

fn explain(rejection: JsonRejection) -> ApiError {
    ApiError::new(rejection.status(), rejection.body_text().to_lowercase())
}
