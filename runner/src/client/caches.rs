//! Requests about caches.

use std::{path::Path, time::Duration};

use reqwest::{Body, Response};
use slipway_pipelines::{
    lease::Claim,
    wire::{CacheAnswer, CacheEntry, CacheOffer, CacheRefusal, CacheWanted},
};
use tokio::fs::File;

use super::{ANSWER, CallError, Client, check, read};

/// What a transfer may take besides, in bytes a second: slower ones are given up.
const SLOWEST: u64 = 256 << 10;

impl Client {
    /// Asks which entry fits best.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub async fn find_cache(&self, wanted: &CacheWanted) -> Result<CacheAnswer, CallError> {
        read(self.post("caches", wanted, ANSWER).await?).await
    }

    /// Begins to read an entry.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub async fn fetch_cache(&self, claim: Claim, entry: &CacheEntry) -> Result<Response, CallError> {
        let Claim { job, attempt, epoch } = claim;
        let path = format!("caches/{job}/{attempt}/{}?epoch={epoch}", entry.id);
        let request = self.http.get(self.address(&path)).bearer_auth(&self.token).timeout(patience(entry.bytes));
        check(request.send().await?).await
    }

    /// Hands over an entry.
    ///
    /// # Errors
    ///
    /// See [`CallError`]. A file that cannot be read counts as a request that could not be sent.
    pub async fn save_cache(&self, claim: Claim, offer: &CacheOffer, file: &Path) -> Result<(), CallError> {
        let mut address = self.address(&format!("caches/{}/{}", claim.job, claim.attempt));
        let (epoch, bytes) = (offer.epoch.to_string(), offer.bytes.to_string());
        let query = [
            ("epoch", &epoch),
            ("key", &offer.key),
            ("form", &offer.form),
            ("bytes", &bytes),
            ("sha256", &offer.sha256),
        ];
        address.query_pairs_mut().extend_pairs(query);
        let body = match File::open(file).await {
            Ok(file) => Body::from(file),
            Err(error) => Body::wrap_stream(futures_util::stream::iter([Err::<bytes::Bytes, _>(error)])),
        };
        let request = self.http.post(address).bearer_auth(&self.token).timeout(patience(offer.bytes));
        let request = request.header(reqwest::header::CONTENT_LENGTH, offer.bytes);
        check(request.body(body).send().await?).await.map(drop)
    }

    /// Says why there is no entry.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub async fn refuse_cache(&self, refusal: &CacheRefusal) -> Result<(), CallError> {
        self.post("caches/refused", refusal, ANSWER).await.map(drop)
    }
}

fn patience(bytes: u64) -> Duration {
    ANSWER + Duration::from_secs(bytes / SLOWEST)
}
