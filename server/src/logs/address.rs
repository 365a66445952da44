//! Where a log is.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use slipway_pipelines::ids::JobId;

/// One step of one attempt of a job has one log.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct LogAddress {
    /// The job.
    pub job: JobId,
    /// From 1.
    pub attempt: u32,
    /// Position in the plan.
    pub step: usize,
}

impl LogAddress {
    /// The folder of an attempt's logs.
    pub(super) fn folder(root: &Path, job: JobId, attempt: u32) -> PathBuf {
        root.join(job.to_string()).join(attempt.to_string())
    }

    /// Key of its object in the storage.
    pub(super) fn object(&self) -> String {
        format!("logs/{}/{}/{}.zst", self.job, self.attempt, self.step)
    }

    /// The file.
    pub(super) fn file(&self, root: &Path) -> PathBuf {
        Self::folder(root, self.job, self.attempt).join(format!("{}.log", self.step))
    }
}

impl fmt::Display for LogAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.job, self.attempt, self.step)
    }
}
