//! What a request that fails is answered with.

use std::fmt;

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::store::StoreError;

tokio::task_local! {
    /// Id of the request that this task answers.
    pub(crate) static REQUEST_ID: String;
}

/// The id of the request under way; empty outside of one.
pub fn request_id() -> String {
    REQUEST_ID.try_with(Clone::clone).unwrap_or_default()
}

/// An error of the HTTP surface: `{"error": "...", "help": "..."}`. The body of a 5xx holds only the request's id; its
/// cause goes to the log when the answer is made.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    error: String,
    help: Option<String>,
    /// What a program needs to know besides, by field.
    details: Vec<(&'static str, serde_json::Value)>,
    /// For the log only.
    cause: Option<String>,
    /// Scheme that a 401 asks for.
    challenge: &'static str,
}

impl ApiError {
    /// An error of the caller's. `error` is a lower-case fragment that names its subject in backticks.
    pub fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self { status, error: error.into(), help: None, details: Vec::new(), cause: None, challenge: "Bearer" }
    }

    /// 400: the request makes no sense.
    pub fn bad_request(error: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error)
    }

    /// 401: who are you?
    pub fn unauthorized(error: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, error)
    }

    /// 403: you may not.
    pub fn forbidden(error: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, error)
    }

    /// 404: there is no such thing, or none that you may see.
    pub fn not_found(error: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, error)
    }

    /// 409: not in this state.
    pub fn conflict(error: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, error)
    }

    /// 500: our fault. The cause is logged, never answered.
    pub fn internal(cause: impl fmt::Display) -> Self {
        Self::ours(StatusCode::INTERNAL_SERVER_ERROR, "internal error", cause)
    }

    /// Another 5xx, with a word that says nothing of the inside.
    pub fn ours(status: StatusCode, error: impl Into<String>, cause: impl fmt::Display) -> Self {
        Self { cause: Some(cause.to_string()), ..Self::new(status, error) }
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds a field to the answer.
    #[must_use]
    pub fn with(mut self, field: &'static str, value: serde_json::Value) -> Self {
        self.details.push((field, value));
        self
    }

    /// A 401 that asks for Basic authentication, as git needs it.
    #[must_use]
    pub fn basic(mut self) -> Self {
        self.challenge = "Basic realm=\"Slipway\"";
        self
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The sentence for the caller.
    pub fn message(&self) -> &str {
        &self.error
    }

    /// What to do, for the caller.
    pub fn help_text(&self) -> Option<&str> {
        self.help.as_deref()
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut body = json!({ "error": self.error });
        if let Some(help) = &self.help {
            body["help"] = json!(help);
        }
        for (field, value) in self.details {
            body[field] = value;
        }
        if self.status.is_server_error() {
            let id = request_id();
            tracing::error!(request.id = %id, cause = self.cause.as_deref().unwrap_or(""), "request {id} failed");
            body["request_id"] = json!(id);
        }
        let mut response = (self.status, Json(body)).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = axum::http::HeaderValue::from_static(self.challenge);
            response.headers_mut().insert(axum::http::header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Exists => Self::conflict("already exists"),
            StoreError::NotFound => Self::not_found("not found"),
            StoreError::Stale => Self::conflict("the lease is stale").help("stop the job and send nothing more"),
            StoreError::BuildFinished => Self::conflict("the build is already finished"),
            StoreError::BuildUnfinished => Self::conflict("the build is not finished").help("cancel it first"),
            StoreError::NotBlocked => Self::conflict("the build does not wait for an approval"),
            StoreError::LastToken => Self::conflict("it is the last token that somebody can log in with")
                .help("make another one first, without an end"),
            StoreError::NotKept(job) => {
                Self::conflict(format!("the workspace of job `{job}` is not kept any more, so it cannot go on from its failed step"))
                    .help("retry the whole job; a runner keeps the workspaces of its newest failed jobs for an hour (--keep-failed)")
            }
            StoreError::NothingToRetry => Self::conflict("the build has no jobs to run again"),
            StoreError::NoSuchJob(job) => Self::not_found(format!("the build has no job `{job}`")),
            StoreError::OnHold => Self::conflict("the runner is drained, or the queue is paused"),
            StoreError::NoSuchStep(step) => Self::bad_request(format!("the job has no step {step}")),
            StoreError::Gap => Self::bad_request("a part of the report is missing"),
            StoreError::Full => {
                Self::ours(StatusCode::INSUFFICIENT_STORAGE, "the server's disk is full", "the database's disk is full")
            }
            error @ (StoreError::Database(_)
            | StoreError::Corrupt { .. }
            | StoreError::Illegal(_)
            | StoreError::Seal(_)
            | StoreError::Commit
            | StoreError::Closed
            | StoreError::Panicked) => Self::internal(error),
        }
    }
}
