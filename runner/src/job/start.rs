//! What a job starts with.

use std::{path::PathBuf, sync::Arc, time::SystemTime};

use slipway_pipelines::{
    lease::Claim,
    state::Millis,
    wire::{Grant, Resume},
};

use crate::{
    disk,
    workspaces::{Unsettled, Workspaces},
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

impl Start {
    /// The same with a plan for those steps that are still to run.
    pub(super) fn going_on(mut self) -> Self {
        let (Self::Fresh(grant) | Self::Resumed(Resume { grant, .. })) = &mut self;
        if let Some(kept) = &grant.kept {
            grant.plan.go_on(&kept.steps.keys().copied().collect::<Vec<_>>());
        }
        self
    }
}

/// Where the job runs.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The runner's data folder.
    pub data: PathBuf,
    /// The runner's name: `CI_MACHINE`.
    pub machine: String,
    /// Where the workspaces of failed jobs stay for a later attempt, if they do.
    pub(crate) workspaces: Option<Arc<Workspaces>>,
}

impl Setting {
    /// A setting in which nothing stays of a job.
    pub fn new(data: PathBuf, machine: String) -> Self {
        Self { data, machine, workspaces: None }
    }

    /// Keeps a workspace, if that may be.
    pub(super) fn keep(&self, workspace: Claim) -> Option<Unsettled> {
        let workspaces = self.workspaces.as_ref()?;
        workspaces.has_room(disk::of(&self.data)).then(|| workspaces.add(workspace))
    }
}

/// The wall clock, for people.
pub(crate) fn now() -> Millis {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}
