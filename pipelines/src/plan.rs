//! A job compiled to all that a runner needs. No YAML travels further than the compiler.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

mod access;
mod again;
mod build;
mod cache;
mod environment;
mod files;
mod mount;
mod new;
mod pull;
mod ready;
mod retry;
mod secret;

pub use access::{Access, Resources};
pub use build::{BuildSecret, ImageBuild};
pub use cache::{Cache, CacheKey, KeyPart, LONGEST_CACHE_KEY};
pub use files::{Artifacts, ArtifactsFrom, Files, KeepOn, Report, ReportKind};
pub use mount::{Mount, MountSource, READ_ONLY_WORKSPACE};
pub use pull::Pull;
pub use ready::{Ready, ReadyCheck};
pub use retry::{Retry, RetryOn};
pub use secret::{MissingSecret, SecretPart};

/// Where a step writes its outputs: `SLIPWAY_OUTPUT` of those that declare some.
pub const OUTPUT_FILE: &str = "/tmp/slipway-output";

/// Environment of a container: name to value.
pub type Environment = BTreeMap<String, String>;

/// One job, ready to run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// Name of the job, unique in its build: the workflow, and the matrix cell where there is one.
    pub name: String,
    /// Position of the job in its build, from 0.
    pub place: usize,
    /// Page of the build; empty when there is none.
    pub url: String,
    /// Where the shared volume is mounted and where in it the commit lies.
    pub workspace: Workspace,
    /// What every container of the job is told: `CI_*` of build and workflow. Shared by the cells of a matrix.
    pub environment: Arc<Environment>,
    /// Matrix axes and parameters: for steps with [`Step::sees_values`].
    pub values: Environment,
    /// In the order that the pipeline and the pages show: checkout first, then services, then the rest.
    /// The position is the step's number in the protocol, in log addresses and in labels.
    /// Cells of a matrix share the steps that do not depend on the cell.
    pub steps: Vec<Arc<Step>>,
    /// Longest run of the whole job, in seconds, from the first step's start.
    pub timeout_seconds: u64,
}

/// Paths inside every container of the job.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Workspace {
    /// Absolute path where the volume is mounted: `/slipway`.
    pub base: String,
    /// Absolute path of the checkout, at or below `base`: `/slipway/src/git.example/me/thing`.
    pub path: String,
}

/// One step of a job.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Step {
    /// Unique in its job.
    pub name: String,
    /// What it does.
    pub action: Action,
    /// Positions of the steps that must be done before it may start.
    pub needs: Vec<usize>,
    /// Whether it runs when all that it needs, directly or not, went well or not.
    pub runs_on: RunsOn,
    /// What its failure means for the job.
    pub on_failure: OnFailure,
    /// What only this step is told. [`Plan::environment_of`] puts all parts together.
    pub environment: Environment,
    /// Variables whose values are not in the plan until [`Plan::reveal`] puts them into `environment`.
    pub secrets: BTreeMap<String, Vec<SecretPart>>,
    /// Whether it gets [`Plan::values`]: plugins and checkouts do not, so that nobody steers them from outside.
    pub sees_values: bool,
    /// Longest run of one try in seconds, if the pipeline sets one.
    pub timeout_seconds: Option<u64>,
    /// When it is tried again.
    pub retry: Option<Retry>,
    /// Variables that it may hand to later steps and jobs through the file `$SLIPWAY_OUTPUT`.
    pub outputs: Vec<String>,
    /// Files that it takes from and gives to others than its job's steps.
    #[serde(default, skip_serializing_if = "Files::is_empty")]
    pub files: Files,
}

/// What a step does.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Action {
    /// The runner itself puts the commit into the workspace.
    Checkout,
    /// A container that the job waits for.
    Run(Container),
    /// A container that starts in its turn and lives until the job ends.
    Detach(Container),
    /// A container that starts with the job, is reachable by the step's name, and lives until the job ends.
    Service(Container),
}

/// A container to run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Container {
    /// Where the image comes from.
    pub image: Image,
    /// What runs in it.
    pub program: Program,
    /// Absolute working directory: the checkout, or what `directory` names. Empty: the image's own, for services of compose files.
    pub directory: String,
    /// More rights than a job normally has. The compiler refuses them unless the repository is trusted.
    pub access: Access,
    /// How much of the machine it may take.
    pub resources: Resources,
    /// When a service counts as started; at once without.
    pub ready: Option<Ready>,
    /// What is mounted besides the workspace.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mounts: Vec<Mount>,
    /// Names besides the step's own by which a service is reached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// What the container takes for the name of its machine; one that the engine makes up without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
}

/// Where an image comes from.
#[allow(clippy::large_enum_variant, reason = "a plan has few steps, and cells share them")]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum Image {
    /// A reference as `docker run` takes it.
    Registry {
        /// `busybox`, `ghcr.io/a/b:1`, `x@sha256:…`
        reference: String,
        /// When its registry is asked.
        #[serde(default)]
        pull: Pull,
    },
    /// Built from the workspace when the step's turn comes.
    Build(ImageBuild),
    /// Loaded when the step's turn comes from a file of the workspace, as `docker save` writes it.
    Load {
        /// Absolute path of the file inside the workspace.
        path: String,
    },
}

/// What runs in a container.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "run", rename_all = "snake_case")]
pub enum Program {
    /// Lines for one POSIX shell, `sh -e`, one after the other.
    Commands {
        /// Each is echoed as `+ line` before it runs.
        commands: Vec<String>,
    },
    /// The image's own entrypoint and command: plugins and most services.
    Image,
    /// The image's own entrypoint with another command.
    Arguments {
        /// What the entrypoint is given.
        arguments: Vec<String>,
    },
    /// Another entrypoint; commands, if any, are in `CI_SCRIPT` (base64) of the environment.
    Entrypoint {
        /// Program and arguments.
        entrypoint: Vec<String>,
    },
    /// Nothing: a `build:` without commands is done when the image is.
    Nothing,
}

/// Which outcomes of its needs a step or job runs on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RunsOn {
    /// When all went well.
    pub success: bool,
    /// When something went wrong.
    pub failure: bool,
}

impl Default for RunsOn {
    fn default() -> Self {
        Self { success: true, failure: false }
    }
}

impl RunsOn {
    /// Whether it fits.
    pub fn fits(self, upstream_failed: bool) -> bool {
        if upstream_failed { self.failure } else { self.success }
    }
}

/// What a step's failure means.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// The job fails; what depends on the step is left out.
    #[default]
    Fail,
    /// The step is shown as failed, the job goes on as if it had not.
    Ignore,
    /// The whole build is cancelled.
    Cancel,
    /// Of services and detached steps, unless the file says otherwise: the job fails only when the step cannot start or is not ready.
    Start,
}

/// What a step is, as API and pages show it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are the meaning")]
pub enum StepKind {
    Clone,
    Commands,
    Plugin,
    Service,
    Build,
}

impl StepKind {
    /// The spelling of API, database, pages and `CI_STEP_TYPE`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clone => "clone",
            Self::Commands => "commands",
            Self::Plugin => "plugin",
            Self::Service => "service",
            Self::Build => "build",
        }
    }
}

impl Step {
    /// What it is.
    pub fn kind(&self) -> StepKind {
        match &self.action {
            Action::Checkout => StepKind::Clone,
            Action::Service(_) => StepKind::Service,
            Action::Run(container) | Action::Detach(container) => match (&container.image, &container.program) {
                (Image::Build(_), Program::Nothing) => StepKind::Build,
                (_, Program::Image | Program::Arguments { .. }) => StepKind::Plugin,
                (_, Program::Commands { .. } | Program::Entrypoint { .. } | Program::Nothing) => StepKind::Commands,
            },
        }
    }

    /// Its container, unless it is the checkout.
    pub fn container(&self) -> Option<&Container> {
        match &self.action {
            Action::Checkout => None,
            Action::Run(container) | Action::Detach(container) | Action::Service(container) => Some(container),
        }
    }

    /// Whether the job waits for its end.
    pub fn is_awaited(&self) -> bool {
        match self.action {
            Action::Checkout | Action::Run(_) => true,
            Action::Detach(_) | Action::Service(_) => false,
        }
    }
}
