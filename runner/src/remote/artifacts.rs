//! Artifacts: kept on the server.

use reqwest::StatusCode;
use slipway_pipelines::wire::{KeptFile, Room};

use super::Remote;
use crate::{
    client::CallError,
    keeper::{KeepError, Keeper, Pieces, Taken},
    reporter::Fenced,
};

impl Keeper for Remote {
    async fn clear_artifacts(&self, step: usize) -> Result<Room, KeepError> {
        self.client.clear_artifacts(self.claim, step).await.map_err(meant)
    }

    async fn keep_artifact(&self, step: usize, file: KeptFile, size: u64, bytes: Pieces) -> Result<(), KeepError> {
        let file = KeptFile { epoch: self.claim.epoch, ..file };
        self.client.keep_artifact(self.claim, step, &file, size, bytes).await.map_err(meant)
    }

    async fn take_artifacts(&self, step: usize, item: usize) -> Result<Taken, KeepError> {
        self.client.take_artifacts(self.claim, step, item).await.map_err(meant)
    }
}

fn meant(error: CallError) -> KeepError {
    match error {
        CallError::Stale => KeepError::Fenced(Fenced),
        CallError::Later { status: StatusCode::INSUFFICIENT_STORAGE, text } => KeepError::Full(said(&text)),
        CallError::Refused { text, .. } => KeepError::Refused(said(&text)),
        error @ (CallError::Unknown | CallError::Protocol) => KeepError::Refused(error.to_string()),
        error @ (CallError::Unauthorized
        | CallError::Beyond(_)
        | CallError::Later { .. }
        | CallError::Unreachable(_)) => KeepError::Later(error.to_string()),
    }
}

/// The sentence in an answer of the server.
fn said(text: &str) -> String {
    let body: Option<serde_json::Value> = serde_json::from_str(text).ok();
    let error = body.as_ref().and_then(|body| body["error"].as_str()).unwrap_or(text);
    error.to_owned()
}
