//! What a job starts with.

use std::{path::PathBuf, time::SystemTime};

use slipway_pipelines::{
    state::Millis,
    wire::{Grant, Resume},
};

/// A job to run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Start {
    /// From its beginning.
    Fresh(Grant),
    /// From where an earlier process of this runner left it.
    Resumed(Resume),
}

impl Start {
    /// The lease.
    pub fn grant(&self) -> &Grant {
        match self {
            Self::Fresh(grant) => grant,
            Self::Resumed(resume) => &resume.grant,
        }
    }
}

/// Where the job runs.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The runner's data folder.
    pub data: PathBuf,
    /// The runner's name: `CI_MACHINE`.
    pub machine: String,
}

/// The wall clock, for people.
pub(crate) fn now() -> Millis {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}
