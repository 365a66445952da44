//! The words that API and pages show, and the reasons behind them.

use serde::{Deserialize, Serialize};

/// Status of a build, a job or a step, as the API spells it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Waits for a job, a runner or a step before it.
    Pending,
    /// Waits for a person to approve.
    Blocked,
    /// Under way.
    Running,
    /// Ended well.
    Success,
    /// Ended badly by the fault of the code that was built.
    Failure,
    /// Ended badly by our fault or that of the machine.
    Error,
    /// Stopped on demand.
    Cancelled,
    /// Not run.
    Skipped,
    /// Its runner went away while it ran.
    Lost,
}

impl Status {
    /// The spelling of API, database and pages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Blocked => "blocked",
            Self::Running => "running",
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Error => "error",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
            Self::Lost => "lost",
        }
    }

    /// Whether nothing more happens.
    pub fn is_final(self) -> bool {
        match self {
            Self::Pending | Self::Blocked | Self::Running => false,
            Self::Success | Self::Failure | Self::Error | Self::Cancelled | Self::Skipped | Self::Lost => true,
        }
    }

    /// Whether it ended, and not well. Skipped is neither.
    pub fn is_bad(self) -> bool {
        match self {
            Self::Failure | Self::Error | Self::Cancelled | Self::Lost => true,
            Self::Pending | Self::Blocked | Self::Running | Self::Success | Self::Skipped => false,
        }
    }
}

/// Why something ended as it did: one machine-readable word for each finished state (DESIGN, invariant 8).
/// The status follows from it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Ended with exit code 0.
    Ok,
    /// Ended well, except for steps whose failure is ignored.
    OkWithWarnings,
    /// A service or detached step, stopped with its job.
    Stopped,
    /// Ended with another exit code.
    ExitCode,
    /// The kernel killed it for its memory use.
    OomKilled,
    /// Ran longer than it may.
    Timeout,
    /// A service was not ready in time.
    NotReady,
    /// The Dockerfile of a `build:` did not build, or the file of a `load:` holds no image.
    ImageBuild,
    /// What it is to hand on or to keep of its files is not there, may not be kept, or is too much.
    Artifacts,
    /// The image could not be had.
    ImagePull,
    /// The built image did not get into its registry.
    ImagePush,
    /// The commit could not be fetched or checked out.
    Clone,
    /// The pipeline's files are wrong.
    Config,
    /// Engine, disk, network or Slipway itself failed.
    Infra,
    /// A person or program asked for the stop.
    Cancelled,
    /// A step with `failure: cancel` failed.
    CancelledByStep,
    /// A newer build took its place: `concurrency: {cancel: superseded}`.
    Superseded,
    /// What it depends on did not end well.
    Needs,
    /// Its `when` does not fit.
    Condition,
    /// Its job ended before it could start.
    JobEnded,
    /// The runner went away while it ran.
    Lost,
}

impl Reason {
    /// The status that the reason means.
    pub fn status(self) -> Status {
        match self {
            Self::Ok | Self::OkWithWarnings | Self::Stopped => Status::Success,
            Self::ExitCode | Self::OomKilled | Self::Timeout | Self::NotReady | Self::ImageBuild | Self::Artifacts => {
                Status::Failure
            }
            Self::ImagePull | Self::ImagePush | Self::Clone | Self::Config | Self::Infra => Status::Error,
            Self::Cancelled | Self::CancelledByStep | Self::Superseded => Status::Cancelled,
            Self::Needs | Self::Condition | Self::JobEnded => Status::Skipped,
            Self::Lost => Status::Lost,
        }
    }

    /// The spelling of API, database and pages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::OkWithWarnings => "ok_with_warnings",
            Self::Stopped => "stopped",
            Self::ExitCode => "exit_code",
            Self::OomKilled => "oom_killed",
            Self::Timeout => "timeout",
            Self::NotReady => "not_ready",
            Self::ImageBuild => "image_build",
            Self::Artifacts => "artifacts",
            Self::ImagePull => "image_pull",
            Self::ImagePush => "image_push",
            Self::Clone => "clone",
            Self::Config => "config",
            Self::Infra => "infra",
            Self::Cancelled => "cancelled",
            Self::CancelledByStep => "cancelled_by_step",
            Self::Superseded => "superseded",
            Self::Needs => "needs",
            Self::Condition => "condition",
            Self::JobEnded => "job_ended",
            Self::Lost => "lost",
        }
    }
}

/// How something ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Finish {
    /// The one reason.
    pub reason: Reason,
    /// Exit code of the container, where there was one that ran to its end.
    pub exit_code: Option<i32>,
    /// A sentence for people: what failed, without secrets. Empty when the reason says it all.
    pub note: String,
}

impl Finish {
    /// A finish without exit code or note.
    pub fn because(reason: Reason) -> Self {
        Self { reason, exit_code: None, note: String::new() }
    }

    /// The same with a sentence for people.
    pub fn with_note(reason: Reason, note: impl Into<String>) -> Self {
        Self { reason, exit_code: None, note: note.into() }
    }

    /// What an exit code means.
    pub fn exit(code: i32) -> Self {
        let reason = if code == 0 { Reason::Ok } else { Reason::ExitCode };
        Self { reason, exit_code: Some(code), note: String::new() }
    }

    /// The status.
    pub fn status(&self) -> Status {
        self.reason.status()
    }
}
