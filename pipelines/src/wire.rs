//! The runner protocol, version 1: what server and runner say to each other. JSON bodies over HTTP, log bytes raw.
//!
//! All requests carry `Authorization: Bearer TOKEN`. A runner calls out only; nothing listens on it.
//!
//! | request | body -> answer |
//! |---|---|
//! | `POST /runner/v1/hello` | [`Hello`] -> [`Welcome`]; 401 bad token, 426 protocol not spoken |
//! | `POST /runner/v1/next` | [`Next`] -> 200 [`Grant`], or 204 after [`LONG_POLL_MS`] without a job |
//! | `POST /runner/v1/renew` | [`Renew`] -> [`Renewed`]; renews at once, then holds the answer up to [`Renew::wait_ms`] or until there is an order |
//! | `POST /runner/v1/events` | [`Events`] -> 204; 409 the claim is stale |
//! | `GET /runner/v1/logs/JOB/ATTEMPT?epoch=E` | -> [`Committed`]; 409 |
//! | `POST /runner/v1/reports` | [`Reported`] -> 204; 409 stale |
//! | `POST /runner/v1/logs/JOB/ATTEMPT/STEP?epoch=E&offset=N` | raw bytes, at most [`MAX_APPEND_BYTES`] -> [`Appended`]; 409 stale; 416 `offset` beyond the committed length, with [`Appended`]; 503/507 try again |
//! | `POST /runner/v1/caches` | [`CacheWanted`] -> [`CacheAnswer`]; 409 |
//! | `GET /runner/v1/caches/JOB/ATTEMPT/ID?epoch=E` | -> raw bytes of a [`CacheEntry`]; others than it says when it is damaged, and it is dropped then; 404, 409 |
//! | `POST /runner/v1/caches/JOB/ATTEMPT?…` with a [`CacheOffer`] as the query | raw bytes -> 204; taken for a day after the job's end, too; 409, 413 too large, 507 |
//! | `POST /runner/v1/caches/refused` | [`CacheRefusal`] -> 204; 409 |
//! | `POST /runner/v1/artifacts/JOB/ATTEMPT/STEP?epoch=E` | -> [`Room`]; forgets what was kept of the step before; 409 |
//! | `PUT /runner/v1/artifacts/JOB/ATTEMPT/STEP?…` with a [`KeptFile`] as the query | raw bytes, their length told -> 204; 409, 413 too large, 507 no space left |
//! | `GET /runner/v1/artifacts/JOB/ATTEMPT/STEP/ITEM?epoch=E` | -> tar of what the item of the step's `artifacts_from` means, with [`FILES_HEADER`] and [`BYTES_HEADER`]; 409 |
//!
//! The commit itself is fetched with git over HTTP from [`Source::url`] with user `runner` and the runner's token as the password,
//! or read in place when [`Source::path`] exists on the runner's machine.
//!
//! Every message may be sent again after a lost answer: events are idempotent, appends are keyed by their offset.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use crate::{
    ids::{JobId, RunnerId},
    lease::Claim,
    plan::{Environment, Plan},
    state::{Finish, Millis, StepEvent, StepState},
};

mod artifacts;
mod caches;

pub use artifacts::{BYTES_HEADER, FILES_HEADER, KeptFile, Room, is_artifact_path};
pub use caches::{CacheAnswer, CacheEntry, CacheOffer, CacheRefusal, CacheWanted, cache_form};
mod phase;
mod report;
mod usage;

pub use phase::{Phase, PhaseTime};
pub use report::{
    FileCoverage, MOST_MESSAGE, MOST_NAME, MOST_PART_ITEMS, ReportContent, ReportPart, Reported, TestCase, TestOutcome,
};
pub use usage::{MOST_USAGE_POINTS, Usage, UsagePoint};

/// The version that both sides speak.
pub const PROTOCOL: u32 = 1;
/// How long `next` waits for a job, in milliseconds.
pub const LONG_POLL_MS: u64 = 25_000;
/// Largest log append, in bytes.
pub const MAX_APPEND_BYTES: usize = 1 << 20;

/// A runner presents itself: at its start, and again whenever the server does not know it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Hello {
    /// [`PROTOCOL`].
    pub protocol: u32,
    /// Its own id, kept in its data folder, so that a restarted runner is the same runner.
    pub runner: RunnerId,
    /// Name for people: the host's name by default.
    pub name: String,
    /// Slipway's version.
    pub version: String,
    /// `platform`, `backend` and what its owner gave. A job's labels must all match; `*` matches any value.
    pub labels: BTreeMap<String, String>,
    /// Most jobs at once.
    pub slots: u32,
    /// Jobs whose containers it found on its engine after a restart.
    pub holding: Vec<Claim>,
}

/// The server's answer to [`Hello`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Welcome {
    /// Those of [`Hello::holding`] whose lease is still in force: go on with them. The lease is renewed by this answer.
    pub resume: Vec<Resume>,
    /// The others: remove their containers.
    pub drop: Vec<Claim>,
}

/// A job that a restarted runner goes on with.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Resume {
    /// The same lease.
    pub grant: Grant,
    /// What the server knows of the steps, by position. What the engine knows beyond it is news.
    pub steps: Vec<StepState>,
    /// Outputs that the server has, by position of the step that gave them.
    pub outputs: BTreeMap<usize, Environment>,
    /// An order to stop that the runner may have missed.
    pub stop: Option<Finish>,
}

/// A free slot asks for a job.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Next {
    /// Who asks. Unknown to the server: 404, and the runner says [`Hello`] again.
    pub runner: RunnerId,
    /// Jobs that failed and whose workspaces it still has, for [`Grant::kept`]: all of them.
    #[serde(default)]
    pub kept: Vec<Claim>,
    /// The disk of its data folder, as it is now.
    #[serde(default)]
    pub disk: Option<Disk>,
}

/// Space on a disk, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Disk {
    /// That the runner can still use.
    pub free: u64,
    /// All of it.
    pub total: u64,
}

/// A lease of a job, with all that is needed to run it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Grant {
    /// The address of this run.
    pub claim: Claim,
    /// `owner/name #build job`, for logs and container labels.
    pub title: String,
    /// What to run.
    pub plan: Plan,
    /// Where the commit is.
    pub source: Source,
    /// Values that must not appear in a log.
    pub masked: Vec<String>,
    /// Credentials of image registries, for pulls and builds.
    pub registries: Vec<RegistryLogin>,
    /// Outputs of the jobs that this one needs: environment of its steps, checkout excepted.
    pub inputs: Environment,
    /// What an earlier attempt of the job left, to go on with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<Kept>,
}

impl Grant {
    /// The claim under which the job's workspace is on its runner.
    pub fn workspace(&self) -> Claim {
        self.kept.as_ref().map_or(self.claim, |kept| kept.workspace)
    }
}

/// What a job goes on with that is tried again from where it failed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Kept {
    /// The attempt whose workspace it is: the first of those that went on with it. One of those in [`Next::kept`].
    pub workspace: Claim,
    /// How the steps ended that do not run again, by position.
    pub steps: BTreeMap<usize, Finish>,
    /// What they gave to later steps and jobs.
    pub outputs: BTreeMap<usize, Environment>,
}

/// A credential of an image registry.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistryLogin {
    /// `registry.example:5000`; `docker.io` for references without a host.
    pub host: String,
    /// User.
    pub username: String,
    /// Password or token.
    pub password: String,
    /// Whether nothing may be pushed with it: the build is of a change that nobody has looked at.
    #[serde(default)]
    pub pull_only: bool,
}

impl fmt::Debug for RegistryLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.username, self.host)
    }
}

/// Where a commit is fetched from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Source {
    /// `owner/name`: the key of the runner's mirror.
    pub repository: String,
    /// Path of the server's git endpoint below the server's URL: `/git/owner/name.git`.
    pub url: String,
    /// The server's own copy, usable when it exists on the runner's machine: the embedded runner skips the fetch.
    pub path: Option<String>,
    /// Full name of the ref that holds the commit.
    pub reference: String,
    /// The commit, 40 hex digits. Nothing else may be checked out.
    pub sha: String,
    /// What `origin` is set to in the checkout's `.git/config`. Never has a credential.
    pub origin: String,
}

/// The runner lives, and so do its jobs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Renew {
    /// Who.
    pub runner: RunnerId,
    /// What it runs.
    pub claims: Vec<Claim>,
    /// How long the server may hold the answer when there is no order, in milliseconds.
    pub wait_ms: u64,
    /// Orders that the runner already follows; only others end the wait early.
    pub stopping: Vec<JobId>,
    /// As in [`Next::kept`].
    #[serde(default)]
    pub kept: Vec<Claim>,
    /// The disk of its data folder, as it is now.
    #[serde(default)]
    pub disk: Option<Disk>,
}

/// The server's answer to [`Renew`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Renewed {
    /// One for each claim that must not simply go on.
    pub orders: Vec<Order>,
}

/// What a runner must do with a job.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case")]
pub enum Order {
    /// Stop its steps (SIGTERM, 10 s, SIGKILL), run nothing more, send the rest of the logs, then say finished.
    Stop {
        /// Which.
        claim: Claim,
        /// Why; the job ends as this.
        finish: Finish,
    },
    /// The lease is not the current one: kill its containers, send nothing more.
    Drop {
        /// Which.
        claim: Claim,
    },
}

/// What happened to a job, in order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Events {
    /// Which run.
    pub claim: Claim,
    /// At least one.
    pub events: Vec<JobNews>,
}

/// One thing that happened to a job.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "news", rename_all = "snake_case")]
pub enum JobNews {
    /// About one of its steps.
    Step {
        /// Position in the plan.
        step: usize,
        /// What.
        event: StepEvent,
        /// With a finish: length of the step's whole log in bytes. The server has them all by then.
        log_bytes: Option<u64>,
    },
    /// A step gave values to later steps and jobs. Said before the step's finish; said again, the last holds.
    Outputs {
        /// Position in the plan.
        step: usize,
        /// Names are among the step's declared outputs.
        values: Environment,
    },
    /// A command of a step began. Said before the step's finish; said again, the first time holds.
    Command {
        /// Position in the plan.
        step: usize,
        /// Position in the step's commands.
        number: usize,
        /// Where its output begins, in bytes of the step's log.
        offset: u64,
        /// When.
        at: Millis,
    },
    /// A step's container was made from an image. Said before the step's finish; said again, the last holds.
    Image {
        /// Position in the plan.
        step: usize,
        /// Which.
        image: UsedImage,
    },
    /// What a step's time goes into besides its run. Said before the step's finish; said again, the last times of a phase hold.
    Phase {
        /// Position in the plan.
        step: usize,
        /// Which phase, and when.
        time: PhaseTime,
    },
    /// What a step takes of the machine. Said before the step's finish; said again, what is told of the same time holds.
    Usage {
        /// Position in the plan.
        step: usize,
        /// How much, when.
        usage: Usage,
    },
    /// A `build:` put its image into a registry. Said before the step's finish; said again, the last digest of a reference holds.
    Pushed {
        /// Position in the plan.
        step: usize,
        /// What is there now.
        image: PushedImage,
    },
    /// Something that people should know and that changes no outcome. Said again, it counts once.
    Warning {
        /// Position in the plan, if it is about a step.
        step: Option<usize>,
        /// A sentence, masked as logs are.
        text: String,
    },
    /// A step with `failure: cancel` failed: the server cancels the whole build.
    CancelBuild {
        /// Position in the plan.
        step: usize,
    },
    /// Every step is finished and every log byte is committed. The lease ends here.
    Finished {
        /// How the job ended.
        finish: Finish,
        /// When.
        at: Millis,
        /// Its [workspace](Grant::workspace), if the runner keeps it for a later attempt.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kept: Option<Claim>,
    },
}

/// The image that a container was made from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct UsedImage {
    /// As the pipeline names it; of one that was built, its first tag, or the runner's own name for it.
    pub reference: String,
    /// The engine's: `sha256:…`. The same for the same content, on any engine.
    pub id: String,
    /// `name@sha256:…`: what a registry gives for ever. `None` for an image that no registry is known to have.
    pub digest: Option<String>,
}

/// An image in a registry.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PushedImage {
    /// `registry.example/me/app:1`
    pub reference: String,
    /// Of its manifest: `sha256:…`
    pub digest: String,
}

/// What the server has of a job's logs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Committed {
    /// Length in bytes by step position; a step without a log is left out.
    pub steps: BTreeMap<usize, u64>,
}

/// The answer to an append: what is answered is stored (DESIGN, invariant 5).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Appended {
    /// Length of the step's log, in bytes.
    pub committed: u64,
}
