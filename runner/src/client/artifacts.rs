//! Artifacts.

use std::{io, time::Duration};

use futures_util::TryStreamExt;
use reqwest::{Body, Response, header};
use slipway_pipelines::{
    lease::Claim,
    wire::{BYTES_HEADER, FILES_HEADER, KeptFile, Room},
};
use tokio_util::io::{StreamReader, SyncIoBridge};

use super::{ANSWER, CallError, Client, check, read};
use crate::keeper::{Pieces, Taken};

/// Longest transfer of one file, or of all that a step takes.
const TRANSFER: Duration = Duration::from_secs(30 * 60);

impl Client {
    /// Forgets what was kept of a step.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub async fn clear_artifacts(&self, claim: Claim, step: usize) -> Result<Room, CallError> {
        let Claim { job, attempt, epoch } = claim;
        let address = self.address(&format!("artifacts/{job}/{attempt}/{step}?epoch={epoch}"));
        let request = self.http.post(address).bearer_auth(&self.token).timeout(ANSWER);
        read(check(request.send().await?).await?).await
    }

    /// Keeps a file of a step.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub async fn keep_artifact(
        &self,
        claim: Claim,
        step: usize,
        file: &KeptFile,
        size: u64,
        bytes: Pieces,
    ) -> Result<(), CallError> {
        let mut address = self.address(&format!("artifacts/{}/{}/{step}", claim.job, claim.attempt));
        address
            .query_pairs_mut()
            .append_pair("epoch", &file.epoch.to_string())
            .append_pair("path", &file.path)
            .append_pair("executable", if file.executable { "true" } else { "false" })
            .extend_pairs(file.link.as_ref().map(|link| ("link", link)));
        let request = self.http.put(address).bearer_auth(&self.token).timeout(TRANSFER);
        let request = request
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .header(header::CONTENT_LENGTH, size)
            .body(Body::wrap_stream(bytes));
        check(request.send().await?).await.map(drop)
    }

    /// What an item of a step's `artifacts_from` means.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub async fn take_artifacts(&self, claim: Claim, step: usize, item: usize) -> Result<Taken, CallError> {
        let Claim { job, attempt, epoch } = claim;
        let address = self.address(&format!("artifacts/{job}/{attempt}/{step}/{item}?epoch={epoch}"));
        let request = self.http.get(address).bearer_auth(&self.token).timeout(TRANSFER);
        let answer = check(request.send().await?).await?;
        let (files, bytes) = (number(&answer, FILES_HEADER), number(&answer, BYTES_HEADER));
        let stream = answer.bytes_stream().map_err(|error| io::Error::other(error.without_url()));
        Ok(Taken { files, bytes, tar: Box::new(SyncIoBridge::new(StreamReader::new(Box::pin(stream)))) })
    }
}

fn number(answer: &Response, header: &str) -> u64 {
    answer.headers().get(header).and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok()).unwrap_or(0)
}
