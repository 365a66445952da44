//! What a job starts with.

use std::{path::PathBuf, time::SystemTime};

use slipway_pipelines::{
    state::Millis,
    wire::{Grant, Resume},
};

use crate::disk;

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
    /// Whether the workspaces of failed jobs stay for a later attempt.
    pub keeps_failed: bool,
}

impl Setting {
    /// Whether another workspace stays. None on a disk that is nearly full, where every byte is wanted.
    pub(super) fn has_room(&self) -> bool {
        self.keeps_failed && disk::of(&self.data).is_none_or(|disk| disk.free >= disk.total / 10)
    }
}

/// The wall clock, for people.
pub(crate) fn now() -> Millis {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}
