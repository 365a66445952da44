//! The caches of a job: what its steps were given, and what is saved of them when it has ended.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use slipway_pipelines::{
    lease::Claim,
    plan,
    state::Status,
    wire::{CacheOffer, CacheRefusal, Grant, cache_form},
};

use crate::{
    cache::{Packed, Packer, Shelf, TooLarge, size},
    executor::Executor,
    reporter::Reporter,
};

/// All caches of one job.
#[derive(Debug)]
pub(super) struct Caches<R> {
    pub(super) reporter: R,
    pub(super) shelf: Shelf,
    pub(super) claim: Claim,
    /// Absolute path of the checkout.
    pub(super) checkout: String,
    /// `linux/amd64`
    pub(super) platform: String,
    /// One step after the other: two may ask for the same.
    pub(super) turn: tokio::sync::Mutex<()>,
    seen: Mutex<BTreeMap<plan::Cache, Seen>>,
}

/// A cache that a step of this process asked for. Those of an earlier process are not saved: their keys are not known any more.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// What its key was when the step began.
    pub(super) key: String,
    /// Largest entry that may be saved; `None`: nothing is to be saved.
    pub(super) saves: Option<u64>,
    /// The steps that asked for it.
    pub(super) steps: BTreeSet<usize>,
    /// One of them ended well.
    pub(super) is_well: bool,
}

impl<R: Reporter> Caches<R> {
    pub(super) fn new(reporter: R, grant: &Grant, data: &Path, mut labels: BTreeMap<String, String>) -> Self {
        Self {
            reporter,
            shelf: Shelf::new(data),
            claim: grant.claim,
            checkout: grant.plan.workspace.path.clone(),
            platform: labels.remove("platform").unwrap_or_default(),
            turn: tokio::sync::Mutex::default(),
            seen: Mutex::default(),
        }
    }

    /// The steps that do not run again have left their caches in the workspace, newer than any entry may be. Nothing is saved of them.
    pub(super) fn stand(&self, grant: &Grant) {
        let standing = grant.kept.iter().flat_map(|kept| &kept.steps);
        let have_run = standing.filter(|(_, finish)| finish.status() != Status::Skipped);
        for step in have_run.filter_map(|(&step, _)| grant.plan.steps.get(step)) {
            for cache in &step.files.caches {
                let key = cache.key.to_string();
                self.remember(cache, Seen { key, saves: None, steps: BTreeSet::new(), is_well: false });
            }
        }
    }

    /// A path of the checkout as the executor takes it.
    pub(super) fn absolute(&self, path: &str) -> String {
        if path.is_empty() { self.checkout.clone() } else { format!("{}/{path}", self.checkout) }
    }

    /// Whether a step of the job had this cache already; the step counts as one of those from now on.
    pub(super) fn again(&self, cache: &plan::Cache, step: usize) -> Option<Seen> {
        let mut seen = self.seen();
        let found = seen.get_mut(cache)?;
        found.steps.insert(step);
        Some(found.clone())
    }

    /// A step asked for this cache.
    pub(super) fn remember(&self, cache: &plan::Cache, seen: Seen) {
        self.seen().insert(cache.clone(), seen);
    }

    /// A step ended well: what it asked for may be saved.
    pub(super) fn is_well(&self, step: usize) {
        for seen in self.seen().values_mut().filter(|seen| seen.steps.contains(&step)) {
            seen.is_well = true;
        }
    }

    /// Saves what is to be saved. Nothing that fails here matters to anybody but the next build, which is told.
    pub(super) async fn save<E: Executor>(&self, executor: &E, job: &E::Job) {
        let seen: Vec<(plan::Cache, Seen)> =
            self.seen().iter().map(|(cache, seen)| (cache.clone(), seen.clone())).collect();
        for (cache, seen) in seen {
            let (Some(most), true) = (seen.saves, seen.is_well) else { continue };
            let begun = Instant::now();
            match self.save_one(executor, job, &cache, &seen.key, most).await {
                Ok(Some(bytes)) => {
                    let seconds = begun.elapsed().as_secs_f64();
                    tracing::info!(claim = %self.claim, key = seen.key, "saved a cache ({} in {seconds:.1} s)", size(bytes));
                }
                Ok(None) => {
                    tracing::info!(claim = %self.claim, key = seen.key, "nothing to save: no path of the cache is there")
                }
                Err(problem) => {
                    tracing::warn!(claim = %self.claim, key = seen.key, problem, "a cache is not saved");
                    let refusal =
                        CacheRefusal { claim: self.claim, key: seen.key, form: cache_form(&cache.paths), problem };
                    if let Err(error) = self.reporter.refuse_cache(&refusal).await {
                        tracing::warn!(claim = %self.claim, %error, "nor could that be told");
                    }
                }
            }
        }
    }

    /// Gives the length of the entry; `None` when none of its paths is there.
    async fn save_one<E: Executor>(
        &self,
        executor: &E,
        job: &E::Job,
        cache: &plan::Cache,
        key: &str,
        most: u64,
    ) -> Result<Option<u64>, String> {
        let cannot = |error: io::Error| cannot_write(&error);
        let (draft, file) = self.shelf.draft().map_err(cannot)?;
        let mut packer = Packer::new(file, most).map_err(cannot)?;
        for path in &cache.paths {
            let Some(tar) = executor.pack(job, &self.absolute(path)).await.map_err(|failed| failed.to_string())? else {
                continue;
            };
            let path = path.clone();
            let packed = tokio::task::spawn_blocking(move || packer.add(&path, tar).map(|()| packer)).await;
            packer = packed.map_err(|error| error.to_string())?.map_err(cannot)?;
        }
        let finished = tokio::task::spawn_blocking(move || packer.finish()).await;
        let Packed { bytes, sha256, entries } = finished.map_err(|error| error.to_string())?.map_err(cannot)?;
        if entries == 0 {
            return Ok(None);
        }
        let (form, epoch) = (cache_form(&cache.paths), self.claim.epoch);
        let offer = CacheOffer { epoch, key: key.to_owned(), form, bytes, sha256 };
        self.reporter.save_cache(&offer, draft.path()).await.map_err(|error| error.to_string())?;
        self.shelf.keep(&draft, &offer.sha256);
        Ok(Some(bytes))
    }

    fn seen(&self) -> MutexGuard<'_, BTreeMap<plan::Cache, Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why an entry could not be written on this machine.
fn cannot_write(error: &io::Error) -> String {
    match error.get_ref().and_then(|cause| cause.downcast_ref::<TooLarge>()) {
        Some(TooLarge { most }) => format!("it has more than {}, which is the most", size(*most)),
        None => format!("the runner cannot pack it: {error}"),
    }
}
