//! What happens at the desk.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use bytes::Bytes;
use slipway_pipelines::{
    plan::Environment,
    state::{Finish, Millis, StepEvent},
    wire::{CacheAnswer, CacheEntry, CacheOffer, CacheRefusal, CacheWanted, JobNews, ReportPart},
};
use tokio::sync::mpsc;

use super::{caches::Caches, kept::Kept};
use crate::reporter::{CacheBytes, Fenced, NoCache, NotTaken, Reporter};

/// One thing that happened. Jobs and steps by their position.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum News {
    /// A job begins; its attempts count from 1.
    Began {
        /// Which.
        job: usize,
        /// Which run of it.
        attempt: u32,
    },
    /// About a step.
    Step {
        /// Of which job.
        job: usize,
        /// Which.
        step: usize,
        /// What.
        event: StepEvent,
    },
    /// More of a step's log, in order. All of it is said before the step's end.
    Log {
        /// Of which job.
        job: usize,
        /// Which.
        step: usize,
        /// As the server would store them: with secrets masked.
        bytes: Bytes,
    },
    /// A job has a warning.
    Warning {
        /// Which.
        job: usize,
        /// Of which step.
        step: Option<usize>,
        /// What.
        text: String,
    },
    /// A step of a job reports tests or coverage.
    Report {
        /// Of which job.
        job: usize,
        /// What.
        part: ReportPart,
    },
    /// A job ended, or was left out. Its containers may still be there.
    Ended {
        /// Which.
        job: usize,
        /// How.
        finish: Finish,
        /// When.
        at: Millis,
    },
}

/// What the order of the jobs depends on.
#[derive(Debug)]
pub(super) enum Heard {
    /// Of a job's step.
    Outputs(usize, usize, Environment),
    /// A step of a job asks for it.
    CancelBuild(usize, usize),
}

/// The reporter of one job.
#[derive(Clone, Debug)]
pub(super) struct ToDesk {
    pub(super) job: usize,
    /// Bounded: a log that nobody reads waits on the disk.
    pub(super) news: mpsc::Sender<News>,
    pub(super) heard: mpsc::UnboundedSender<Heard>,
    pub(super) caches: Caches,
    /// Artifacts of all jobs.
    pub(super) artifacts: Arc<Kept>,
}

impl ToDesk {
    async fn say(&self, news: News) {
        // Nobody looks any more; the job goes on all the same.
        let _ = self.news.send(news).await;
    }
}

impl Reporter for ToDesk {
    async fn committed(&self) -> Result<BTreeMap<usize, u64>, Fenced> {
        Ok(BTreeMap::new())
    }

    async fn append(&self, step: usize, offset: u64, bytes: Bytes) -> Result<u64, Fenced> {
        let length = offset + bytes.len() as u64;
        self.say(News::Log { job: self.job, step, bytes }).await;
        Ok(length)
    }

    async fn tell(&self, news: Vec<JobNews>) -> Result<(), Fenced> {
        for news in news {
            match news {
                JobNews::Step { step, event, .. } => self.say(News::Step { job: self.job, step, event }).await,
                JobNews::Outputs { step, values } => drop(self.heard.send(Heard::Outputs(self.job, step, values))),
                JobNews::Warning { step, text } => self.say(News::Warning { job: self.job, step, text }).await,
                JobNews::CancelBuild { step } => drop(self.heard.send(Heard::CancelBuild(self.job, step))),
                // The Docker CLI on the same machine knows more of it.
                JobNews::Image { .. } => {}
                // A terminal folds nothing and draws nothing.
                JobNews::Command { .. } | JobNews::Usage { .. } => {}
                // The step's log says so.
                JobNews::Pushed { .. } | JobNews::Phase { .. } => {}
                // Its outcome comes from the driver, which knows of attempts.
                JobNews::Finished { .. } => {}
            }
        }
        Ok(())
    }

    async fn find_cache(&self, wanted: &CacheWanted) -> Result<CacheAnswer, NoCache> {
        Ok(self.caches.find(wanted))
    }

    async fn fetch_cache(&self, entry: &CacheEntry) -> Result<CacheBytes, NoCache> {
        let (caches, entry) = (self.caches.clone(), entry.clone());
        let opened = tokio::task::spawn_blocking(move || caches.open(&entry)).await;
        opened.map_err(|error| NoCache(error.to_string()))?.map(CacheBytes::File)
    }

    async fn save_cache(&self, offer: &CacheOffer, file: &Path) -> Result<(), NoCache> {
        self.caches.save(offer, file)
    }

    async fn refuse_cache(&self, _refusal: &CacheRefusal) -> Result<(), NoCache> {
        // Nobody asks here who could not see the runner's own warning.
        Ok(())
    }

    async fn report(&self, part: ReportPart) -> Result<(), NotTaken> {
        self.say(News::Report { job: self.job, part }).await;
        Ok(())
    }
}
