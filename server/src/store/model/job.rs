//! Jobs and their steps.

use std::collections::BTreeMap;

use slipway_pipelines::{
    compile::Concurrency,
    ids::{BuildId, JobId, RepositoryId},
    lease::Claim,
    plan::{Environment, StepKind},
    state::{JobState, StepState},
    wire::{PhaseTime, PushedImage, UsedImage},
};

use super::QueueTimes;
use crate::logs::LogAddress;

/// One attempt of a job.
#[derive(Clone, Debug)]
pub struct JobDetail {
    /// Its id.
    pub id: JobId,
    /// Position in its build.
    pub position: usize,
    /// Unique in its build.
    pub name: String,
    /// The file it comes from.
    pub workflow: String,
    /// Positions of the jobs that it waits for.
    pub needs: Vec<usize>,
    /// From 1.
    pub attempt: u32,
    /// Where it stands.
    pub state: JobState,
    /// When it waited for a runner.
    pub queued: QueueTimes,
    /// Name of the runner that has or last had it.
    pub runner: Option<String>,
    /// What a runner must have.
    pub labels: BTreeMap<String, String>,
    /// Under which claim its runner has or had its workspace, once one had it.
    pub workspace: Claim,
    /// Whether it goes on from where an earlier attempt failed, on the runner that has its workspace.
    pub goes_on: bool,
    /// How many of its kind may run at once.
    pub concurrency: Option<Concurrency>,
    /// What its steps handed to later steps and jobs; of two with one name, the later step's.
    pub outputs: Environment,
    /// Images that its steps put into registries.
    pub pushed: Vec<PushedBy>,
    /// By position.
    pub steps: Vec<StepDetail>,
}

/// An image that a step put into a registry.
#[derive(Clone, PartialEq, Debug)]
pub struct PushedBy {
    /// Position of the step in its job.
    pub step: usize,
    /// What is there.
    pub image: PushedImage,
}

/// A step of one attempt of a job.
#[derive(Clone, PartialEq, Debug)]
pub struct StepDetail {
    /// Position in its job.
    pub position: usize,
    /// Unique in its job.
    pub name: String,
    /// What it is.
    pub kind: StepKind,
    /// Whether its failure does not count.
    pub ignored: bool,
    /// Where it stands.
    pub state: StepState,
    /// Length of its log once it is finished; `None` before.
    pub log_bytes: Option<u64>,
    /// What its container was made from, once there is one.
    pub image: Option<UsedImage>,
    /// Positions of the steps that it waits for.
    pub needs: Vec<usize>,
    /// What its time went into besides its run.
    pub phases: Vec<PhaseTime>,
    /// The attempt that it ran in, where its log is, if that is an earlier one.
    pub ran_in: Option<u32>,
}

/// Where a step's log is, and whom it belongs to.
#[derive(Clone, PartialEq, Debug)]
pub struct StepAddress {
    /// Of its log.
    pub log: LogAddress,
    /// Its build.
    pub build: BuildId,
    /// Its repository.
    pub repository: RepositoryId,
    /// Whether nothing more comes: the step is finished.
    pub ended: bool,
}
