//! The logs of one job on this machine.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use slipway_pipelines::lease::Claim;

use super::{
    mark::Mark,
    mask::Masker,
    needles::Needles,
    step::{MOST_BYTES, StepLog},
};

/// The spool folder of one attempt of a job.
#[derive(Debug)]
pub struct JobSpool {
    folder: PathBuf,
    needles: Arc<Needles>,
    most: u64,
    steps: Mutex<BTreeMap<usize, Arc<StepLog>>>,
}

impl JobSpool {
    /// The folder as an earlier process left it, or a new one.
    ///
    /// # Errors
    ///
    /// The folder cannot be made.
    pub fn open(data: &Path, claim: Claim, masked: &[String]) -> io::Result<Self> {
        let folder = folder(data, claim);
        fs::create_dir_all(&folder)?;
        let needles = Arc::new(Needles::of(masked));
        Ok(Self { folder, needles, most: MOST_BYTES, steps: Mutex::default() })
    }

    /// Forgets what an earlier lease of the same attempt left here.
    ///
    /// # Errors
    ///
    /// The folder cannot be emptied.
    pub fn clear(&self) -> io::Result<()> {
        fs::remove_dir_all(&self.folder)?;
        fs::create_dir_all(&self.folder)
    }

    /// The log of a step, opened at its end the first time; `committed` is how much of it the server has.
    ///
    /// # Errors
    ///
    /// The file cannot be opened.
    pub fn step(&self, step: usize, committed: u64) -> io::Result<Arc<StepLog>> {
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(log) = steps.get(&step) {
            return Ok(Arc::clone(log));
        }
        let path = self.folder.join(step.to_string());
        let log = StepLog::open(&path, committed, Arc::clone(&self.needles), self.most)?;
        steps.insert(step, Arc::clone(&log));
        Ok(log)
    }

    /// Whether an earlier process left a log of the step.
    pub fn has(&self, step: usize) -> bool {
        self.folder.join(step.to_string()).exists()
    }

    /// Notes, before it happens, that the step is given the word or begins a pause before its next try.
    ///
    /// # Errors
    ///
    /// The mark cannot be written.
    pub fn mark(&self, step: usize, mark: Mark) -> io::Result<()> {
        mark.write(&self.mark_of(step))
    }

    /// The marks of those of `steps` steps that have one.
    pub fn marks(&self, steps: usize) -> BTreeMap<usize, Mark> {
        (0..steps).filter_map(|step| Some((step, Mark::read(&self.mark_of(step))?))).collect()
    }

    /// Whether a text has a secret in it that logs must not show.
    pub fn has_secret(&self, text: &str) -> bool {
        self.needles.are_in(text)
    }

    /// The text as a log would show it.
    pub fn masked(&self, text: &str) -> String {
        let mut masker = Masker::new(Arc::clone(&self.needles));
        let mut out = Vec::new();
        masker.push(text.as_bytes(), &mut out);
        masker.flush(&mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    /// The same for a text that was cut at its end: what may be the beginning of a secret there is left out.
    pub fn masked_cut(&self, text: &str) -> String {
        let mut out = Vec::new();
        Masker::new(Arc::clone(&self.needles)).push(text.as_bytes(), &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    /// Removes the folder: the server has it all, or wants none of it.
    pub fn remove(&self) {
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            tracing::warn!(%error, folder = %self.folder.display(), "cannot remove a spool folder");
        }
        if let Some(job) = self.folder.parent() {
            // Another attempt may still be in it.
            let _ = fs::remove_dir(job);
        }
    }

    fn mark_of(&self, step: usize) -> PathBuf {
        self.folder.join(format!("{step}.go"))
    }

    #[cfg(test)]
    pub(crate) fn limited(mut self, most: u64) -> Self {
        self.most = most;
        self
    }
}

fn folder(data: &Path, claim: Claim) -> PathBuf {
    data.join("spool").join(claim.job.to_string()).join(claim.attempt.to_string())
}

/// Removes the spool folders of all other jobs, and makes the spool.
///
/// # Errors
///
/// The spool cannot be made or read.
pub fn keep_only(data: &Path, keep: &[Claim]) -> io::Result<()> {
    let spool = data.join("spool");
    fs::create_dir_all(&spool)?;
    for entry in fs::read_dir(&spool)? {
        let path = entry?.path();
        let kept = keep.iter().any(|claim| folder(data, *claim).starts_with(&path));
        if !kept && let Err(error) = fs::remove_dir_all(&path) {
            tracing::warn!(%error, folder = %path.display(), "cannot remove an old spool folder");
        }
    }
    Ok(())
}
