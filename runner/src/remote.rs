//! Reports a job to the server, as often as it takes.

mod artifacts;
mod caches;

use std::{collections::BTreeMap, path::Path};

use bytes::Bytes;
use slipway_pipelines::{
    lease::Claim,
    wire::{CacheAnswer, CacheEntry, CacheOffer, CacheRefusal, CacheWanted, Events, JobNews, ReportPart, Reported},
};

use crate::{
    backoff::Backoff,
    client::{CallError, Client},
    reporter::{CacheBytes, Fenced, NoCache, NotTaken, Reporter},
};

/// How often a server that answers with errors of its own is given a part of a report.
const MOST_REPORT_TRIES: u32 = 10;

/// The server as it hears about one job.
#[derive(Clone, Debug)]
pub struct Remote {
    client: Client,
    claim: Claim,
}

impl Remote {
    /// Reports about the claim.
    pub fn new(client: Client, claim: Claim) -> Self {
        Self { client, claim }
    }

    /// What a failed call means: try again, or not ours any more.
    async fn after(&self, what: &str, error: CallError, backoff: &mut Backoff) -> Result<(), Fenced> {
        match error {
            CallError::Stale => return Err(Fenced),
            // It will refuse the next time as well, so going on would hang the job for ever.
            CallError::Unknown | CallError::Refused { .. } | CallError::Protocol => {
                tracing::error!(claim = %self.claim, %error, "the server does not want {what}; the job is given up");
                return Err(Fenced);
            }
            CallError::Unauthorized | CallError::Beyond(_) | CallError::Later { .. } | CallError::Unreachable(_) => {
                if backoff.is_worth_a_line() {
                    tracing::warn!(claim = %self.claim, %error, "cannot deliver {what} yet");
                }
            }
        }
        backoff.wait().await;
        Ok(())
    }
}

impl Reporter for Remote {
    async fn committed(&self) -> Result<BTreeMap<usize, u64>, Fenced> {
        let mut backoff = Backoff::default();
        loop {
            match self.client.committed(self.claim).await {
                Ok(committed) => return Ok(committed.steps),
                Err(error) => self.after("a question", error, &mut backoff).await?,
            }
        }
    }

    async fn append(&self, step: usize, offset: u64, bytes: Bytes) -> Result<u64, Fenced> {
        let mut backoff = Backoff::default();
        loop {
            match self.client.append(self.claim, step, offset, bytes.clone()).await {
                Ok(appended) | Err(CallError::Beyond(appended)) => return Ok(appended.committed),
                Err(error) => self.after("log bytes", error, &mut backoff).await?,
            }
        }
    }

    async fn tell(&self, news: Vec<JobNews>) -> Result<(), Fenced> {
        let events = Events { claim: self.claim, events: news };
        let mut backoff = Backoff::default();
        loop {
            match self.client.events(&events).await {
                Ok(()) => return Ok(()),
                Err(error) => self.after("news", error, &mut backoff).await?,
            }
        }
    }

    async fn find_cache(&self, wanted: &CacheWanted) -> Result<CacheAnswer, NoCache> {
        self.find(wanted).await
    }

    async fn fetch_cache(&self, entry: &CacheEntry) -> Result<CacheBytes, NoCache> {
        self.fetch(entry).await
    }

    async fn save_cache(&self, offer: &CacheOffer, file: &Path) -> Result<(), NoCache> {
        self.save(offer, file).await
    }

    async fn refuse_cache(&self, refusal: &CacheRefusal) -> Result<(), NoCache> {
        self.refuse(refusal).await
    }

    async fn report(&self, report: ReportPart) -> Result<(), NotTaken> {
        let reported = Reported { claim: self.claim, report };
        let mut backoff = Backoff::default();
        let mut failures = 0;
        loop {
            match self.client.report(&reported).await {
                Ok(()) => return Ok(()),
                Err(error @ (CallError::Unknown | CallError::Refused { .. })) => {
                    return Err(NotTaken::Refused(error.to_string()));
                }
                Err(error) => {
                    failures += u32::from(matches!(error, CallError::Later { .. }));
                    if failures >= MOST_REPORT_TRIES {
                        return Err(NotTaken::Refused(error.to_string()));
                    }
                    self.after("a report", error, &mut backoff).await?;
                }
            }
        }
    }
}
