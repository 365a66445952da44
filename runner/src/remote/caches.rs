//! Caches of the server.

use std::path::Path;

use futures_util::{StreamExt, TryStreamExt};
use slipway_pipelines::wire::{CacheAnswer, CacheEntry, CacheOffer, CacheRefusal, CacheWanted};

use super::Remote;
use crate::{
    backoff::Backoff,
    client::CallError,
    reporter::{CacheBytes, NoCache},
};

/// How often something is tried, about ten seconds in all.
const TRIES: u32 = 8;

impl Remote {
    pub(super) async fn find(&self, wanted: &CacheWanted) -> Result<CacheAnswer, NoCache> {
        patiently(|| self.client.find_cache(wanted)).await
    }

    pub(super) async fn fetch(&self, entry: &CacheEntry) -> Result<CacheBytes, NoCache> {
        let answer = patiently(|| self.client.fetch_cache(self.claim, entry)).await?;
        Ok(CacheBytes::Stream(
            answer.bytes_stream().map_err(|error| std::io::Error::other(error.without_url())).boxed(),
        ))
    }

    pub(super) async fn save(&self, offer: &CacheOffer, file: &Path) -> Result<(), NoCache> {
        patiently(|| self.client.save_cache(self.claim, offer, file)).await
    }

    pub(super) async fn refuse(&self, refusal: &CacheRefusal) -> Result<(), NoCache> {
        patiently(|| self.client.refuse_cache(refusal)).await
    }
}

/// Tries something a few times, as long as another try may help.
async fn patiently<T, F: Future<Output = Result<T, CallError>>>(mut call: impl FnMut() -> F) -> Result<T, NoCache> {
    let mut backoff = Backoff::default();
    for tried in 1.. {
        match call().await {
            Ok(done) => return Ok(done),
            Err(CallError::Later { .. } | CallError::Unreachable(_)) if tried < TRIES => backoff.wait().await,
            Err(CallError::Refused { text, .. } | CallError::Later { text, .. }) => return Err(NoCache(said(&text))),
            Err(error) => return Err(NoCache(error.to_string())),
        }
    }
    Err(NoCache("the server does not answer".to_owned()))
}

/// What an answer with `{"error": …}` says.
fn said(text: &str) -> String {
    let answer: Option<serde_json::Value> = serde_json::from_str(text).ok();
    let error = answer.as_ref().and_then(|answer| answer["error"].as_str());
    error.unwrap_or(text).to_owned()
}
