//! An open job: what its steps share.

use std::{
    path::{Component, Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use slipway_pipelines::{
    lease::Claim,
    plan::{Plan, Step, Workspace},
    wire::Grant,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    credentials::Credentials, engine::Engine, executor::Config, images::Images, names, sandbox::Sandbox, step::Slot,
};
use crate::{checkout::Tree, executor::Failed};

/// An open job. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Job(pub(super) Arc<Open>);

/// What there is of an open job.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) engine: Engine,
    pub(super) config: Arc<Config>,
    pub(super) claim: Claim,
    /// Whose workspace it has: its own, or that of an earlier attempt.
    pub(super) workspace: Claim,
    /// The steps that do not run, since they did in that attempt.
    pub(super) standing: Vec<usize>,
    pub(super) plan: Plan,
    pub(super) sandbox: Sandbox,
    pub(super) images: Images,
    /// One a step of the plan.
    slots: Vec<Slot>,
    /// `owner/name`
    pub(super) repository: String,
    /// Cached tree under the workspace.
    tree: Mutex<Option<Tree>>,
    /// Cancelled when the job is closed: pulls and builds stop.
    pub(super) closed: CancellationToken,
    /// Calls that must not be cut off half-way: a container that is being made, say.
    pub(super) tasks: TaskTracker,
}

impl Open {
    pub(super) fn new(engine: Engine, config: Arc<Config>, grant: &Grant, sandbox: Sandbox) -> Self {
        let plan = grant.plan.clone();
        let closed = CancellationToken::new();
        Self {
            images: Images::begin(&engine, &config.pulls, &plan, Credentials::of(&grant.registries), &closed),
            slots: plan.steps.iter().map(|_| Slot::new(&closed)).collect(),
            engine,
            config,
            claim: grant.claim,
            workspace: grant.workspace(),
            standing: grant.kept.iter().flat_map(|kept| kept.steps.keys().copied()).collect(),
            plan,
            sandbox,
            repository: grant.source.repository.clone(),
            tree: Mutex::default(),
            closed,
            tasks: TaskTracker::new(),
        }
    }

    /// A step of the plan with its slot.
    pub(super) fn step(&self, step: usize) -> Result<(&Step, &Slot), Failed> {
        match (self.plan.steps.get(step), self.slots.get(step)) {
            (Some(plan), Some(slot)) => Ok((plan, slot)),
            _ => Err(Failed::infra(format!("the job has no step {step}"))),
        }
    }

    /// Name of the job's volume, and of its folder for changes.
    pub(super) fn name(&self) -> String {
        names::job(&self.workspace)
    }

    /// The runner's folder of this job.
    pub(super) fn folder(&self) -> PathBuf {
        self.config.data.join("work").join(self.name())
    }

    /// Holds a tree until the job is closed; gives the one that it held.
    pub(super) fn hold(&self, tree: Option<Tree>) -> Option<Tree> {
        std::mem::replace(&mut *self.tree.lock().unwrap_or_else(PoisonError::into_inner), tree)
    }

    /// Where the checkout is, relative to the workspace's base.
    pub(super) fn below(&self) -> Result<PathBuf, Failed> {
        let Workspace { base, path } = &self.plan.workspace;
        let below = Path::new(path).strip_prefix(base).ok();
        let below = below.filter(|below| below.components().all(|part| matches!(part, Component::Normal(_))));
        below
            .map(Path::to_path_buf)
            .ok_or_else(|| Failed::infra(format!("workspace path `{path}` is not below `{base}`")))
    }
}
