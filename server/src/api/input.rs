//! What comes in, or a 400 that says where it is wrong.

use axum::{
    body::Bytes,
    extract::{
        FromRequest, FromRequestParts, Path, Query, Request,
        rejection::{BytesRejection, PathRejection, QueryRejection},
    },
};
use serde::de::DeserializeOwned;

use crate::error::ApiError;

/// Parts of the path.
#[derive(FromRequestParts)]
#[from_request(via(Path), rejection(ApiError))]
pub(crate) struct UrlPath<T>(pub(crate) T);

/// The query.
#[derive(FromRequestParts)]
#[from_request(via(Query), rejection(ApiError))]
pub(crate) struct UrlQuery<T>(pub(crate) T);

/// A JSON body, whatever its `Content-Type` says. No body is `{}`.
pub(crate) struct JsonBody<T>(pub(crate) T);

/// A JSON body that holds a secret: what is wrong with it is said without repeating anything of it but names of fields.
pub(crate) struct SecretBody<T>(pub(crate) T);

impl From<PathRejection> for ApiError {
    fn from(rejection: PathRejection) -> Self {
        Self::bad_request(format!("the path is not understood: {}", rejection.body_text()))
    }
}

impl From<QueryRejection> for ApiError {
    fn from(rejection: QueryRejection) -> Self {
        Self::bad_request(format!("the query is not understood: {}", rejection.body_text()))
    }
}

impl From<BytesRejection> for ApiError {
    fn from(rejection: BytesRejection) -> Self {
        Self::new(rejection.status(), format!("the body could not be read: {}", rejection.body_text()))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = Bytes::from_request(request, state).await?;
        let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        serde_json::from_slice(text).map(Self).map_err(|error| {
            ApiError::bad_request(format!("the body is not understood: {error}"))
                .help("send one JSON object with the fields of the documentation")
        })
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for SecretBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = Bytes::from_request(request, state).await?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            let text = error.to_string();
            let what =
                match ["unknown field", "missing field", "duplicate field"].iter().any(|start| text.starts_with(start))
                {
                    true => text,
                    false => format!("no JSON of the right form at line {} column {}", error.line(), error.column()),
                };
            ApiError::bad_request(format!("the body is not understood: {what}"))
                .help("send one JSON object with the fields of the documentation")
        })
    }
}
