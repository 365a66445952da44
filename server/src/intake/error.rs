//! What can go wrong between a trigger and its build.

use axum::http::StatusCode;
use serde_json::json;
use slipway_pipelines::parameter::Parameter;

use crate::{error::ApiError, source::SourceError, store::StoreError};

/// Why no build could be made although there should be one.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// The commit could not be brought here.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The repository has no such branch.
    #[error("there is no branch `{0}`")]
    NoBranch(String),
    /// The repository has no such commit on any branch.
    #[error("no branch has a commit `{0}`")]
    NoCommit(String),
    /// Not 40 hex digits.
    #[error("`{0}` is not a commit: give all 40 hex digits")]
    BadSha(String),
    /// A manual build of a commit that has no pipeline.
    #[error("{0}")]
    Nothing(String),
    /// A manual build is given what the pipeline does not take, or not what it needs.
    #[error("{}", problems.join("; "))]
    Parameters {
        /// All that is wrong.
        problems: Vec<String>,
        /// What the pipeline takes.
        parameters: Vec<Parameter>,
    },
    /// What a pipeline can be given is not known, because it has errors.
    #[error("the pipeline of `{branch}` has errors")]
    Pipeline {
        /// Where it is.
        branch: String,
        /// The errors, for people.
        diagnostics: String,
    },
    /// The server's own copy could not be read.
    #[error("the repository could not be read: {}", .0.message())]
    Git(#[from] git2::Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stored delivery is not what this version writes.
    #[error("the stored delivery is not understood: {0}")]
    Delivery(String),
    /// The work was dropped half-way: the server stops.
    #[error("the server is stopping")]
    Stopped,
}

impl From<IntakeError> for ApiError {
    fn from(error: IntakeError) -> Self {
        match error {
            IntakeError::Store(error) => error.into(),
            IntakeError::Git(_) | IntakeError::Delivery(_) | IntakeError::Stopped => Self::internal(error),
            IntakeError::NoBranch(_) | IntakeError::NoCommit(_) => Self::not_found(error.to_string()),
            IntakeError::BadSha(_) => Self::bad_request(error.to_string()),
            IntakeError::Nothing(_) => {
                Self::conflict(error.to_string()).help("add .slipway.yml or .woodpecker.yml to the commit")
            }
            IntakeError::Parameters { problems, parameters } => {
                let error = match problems.as_slice() {
                    [one] => one.clone(),
                    all => format!("{} of the parameters are wrong", all.len()),
                };
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, error)
                    .with("problems", json!(problems))
                    .with("parameters", json!(parameters))
            }
            IntakeError::Pipeline { ref diagnostics, .. } => {
                let diagnostics = json!(diagnostics);
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
                    .help("see `diagnostics`, or run `slipway lint`")
                    .with("diagnostics", diagnostics)
            }
            IntakeError::Source(_) => Self::new(StatusCode::BAD_GATEWAY, error.to_string()),
        }
    }
}
