//! What the store gives and takes. Free-standing: no SQL types.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use slipway_pipelines::{
    compile::{Compilation, LeftOut},
    context::{Previous, Trusted},
    diagnostic::Diagnostic,
    ids::{BuildId, DeliveryId, JobId, RepositoryId},
    repository::RepositoryName,
    state::{Finish, JobState, Millis, Reason, Status},
    trigger::Trigger,
};

mod again;
mod artifacts;
mod caches;
mod command;
mod crons;
mod home;
mod job;
mod lists;
mod planned;
mod search;
mod settings;
mod tests;
mod times;
mod warning;

pub use again::{Again, FromFailed};
pub use artifacts::{Artifact, ArtifactLimits, Gone, NewArtifact};
pub use caches::{Cached, NewCached};
pub use command::CommandBegan;
pub use crons::{Cron, CronFired, NewCron};
pub use home::{Home, HomeRepository, Mark, OpenBuild};
pub use job::{JobDetail, PushedBy, StepAddress, StepDetail};
pub use lists::{BuildFilter, DeliverySummary};
pub use planned::Planned;
pub use search::{LogPlace, TestPlace};
pub use settings::{NewRegistry, NewSecret, Registry, Secret, TrustChange};
pub use tests::{
    CaseFilter, CaseOrder, CaseRow, Coverage, ReportSummary, Test, TestCounts, TestId, TestRow, TestRun, TestSort,
};
pub use times::QueueTimes;
pub use warning::Warning;

/// Where a repository lives.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are the meaning")]
pub enum Forge {
    /// Slipway's own git remote.
    Slipway,
    Github,
    Gitea,
    Gitlab,
    /// Anything with a `post-receive` hook.
    Generic,
}

impl Forge {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Slipway, Self::Github, Self::Gitea, Self::Gitlab, Self::Generic];

    /// The spelling of API, database and `/hooks/FORGE/`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Slipway => "slipway",
            Self::Github => "github",
            Self::Gitea => "gitea",
            Self::Gitlab => "gitlab",
            Self::Generic => "generic",
        }
    }

    /// The inverse of [`Forge::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|forge| forge.as_str() == text)
    }
}

/// How the server authenticates when it fetches from a forge. Never leaves the server.
#[derive(Clone, Debug)]
pub enum Credential {
    /// HTTP Basic.
    Token {
        /// User; forges that do not care take any.
        username: String,
        /// Password or token.
        token: SecretString,
    },
    /// ssh.
    SshKey {
        /// Private key, OpenSSH or PEM.
        private_key: SecretString,
        /// Line of `known_hosts` that the host's key must match.
        host_key: Option<String>,
    },
}

/// A repository to make.
#[derive(Clone, Debug)]
pub struct NewRepository {
    /// `owner/name`, unique whatever the case of its letters.
    pub name: RepositoryName,
    /// Where it lives.
    pub forge: Forge,
    /// Where it is fetched from, without a credential; `None` for Slipway's own.
    pub clone_url: Option<String>,
    /// For `clone_url`.
    pub credential: Option<Credential>,
    /// `main`, usually.
    pub default_branch: String,
    /// Whether the forge hides it.
    pub private: bool,
    /// Rights beyond a container's usual ones.
    pub trusted: Trusted,
}

impl NewRepository {
    /// A repository of Slipway's own git remote.
    pub fn own(name: RepositoryName) -> Self {
        Self {
            name,
            forge: Forge::Slipway,
            clone_url: None,
            credential: None,
            default_branch: "main".to_owned(),
            private: true,
            trusted: Trusted::default(),
        }
    }
}

/// A repository.
#[derive(Clone, Debug)]
pub struct Repository {
    /// Its id.
    pub id: RepositoryId,
    /// `owner/name`.
    pub name: RepositoryName,
    /// Where it lives.
    pub forge: Forge,
    /// Where it is fetched from, without a credential; `None` for Slipway's own.
    pub clone_url: Option<String>,
    /// For `clone_url`.
    pub credential: Option<Credential>,
    /// `main`, usually.
    pub default_branch: String,
    /// Whether the forge hides it.
    pub private: bool,
    /// Rights beyond a container's usual ones.
    pub trusted: Trusted,
    /// The unguessable last part of its webhook URL: `/hooks/FORGE/ID`.
    pub hook_id: String,
    /// Key of its webhook signatures.
    pub hook_secret: SecretString,
    /// When it was made.
    pub created: Millis,
}

/// A webhook request to store.
#[derive(Clone, Debug)]
pub struct NewDelivery {
    /// Whose.
    pub repository: RepositoryId,
    /// From where.
    pub forge: Forge,
    /// The forge's own id of it: stored once per repository, however often it is sent.
    pub forge_id: String,
    /// The forge's word for what it is.
    pub event: String,
    /// As it came.
    pub body: Vec<u8>,
    /// What its headers said, without credentials.
    pub headers: Vec<(String, String)>,
}

/// What storing a delivery found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DeliveryStored {
    /// It is new, and durable now.
    Fresh(DeliveryId),
    /// It was stored before.
    Known {
        /// As what.
        id: DeliveryId,
        /// What became of it.
        state: DeliveryState,
    },
}

/// What became of a delivery.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum DeliveryState {
    /// Stored, not worked on: done again after a restart.
    Received,
    /// It made a build.
    Built {
        /// Which.
        build: BuildId,
        /// Its number.
        number: u64,
    },
    /// It made none, rightly.
    Ignored {
        /// A sentence for people.
        why: String,
    },
    /// It made none, wrongly.
    Failed {
        /// A sentence for people, without secrets.
        why: String,
    },
}

/// A stored webhook request.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// Whose.
    pub repository: RepositoryId,
    /// From where.
    pub forge: Forge,
    /// The forge's own id of it.
    pub forge_id: String,
    /// The forge's word for what it is.
    pub event: String,
    /// As it came.
    pub body: Vec<u8>,
    /// What its headers said, without credentials.
    pub headers: Vec<(String, String)>,
    /// When it came.
    pub received: Millis,
    /// What became of it.
    pub state: DeliveryState,
}

/// A build to make.
#[derive(Clone, Debug)]
pub struct NewBuild {
    /// Of which repository.
    pub repository: RepositoryId,
    /// Why.
    pub trigger: Trigger,
    /// Number of the build that it repeats.
    pub parent: Option<u64>,
    /// The delivery that it comes from: one build each.
    pub delivery: Option<DeliveryId>,
}

/// What a build's content may depend on.
#[derive(Clone, Debug)]
pub struct BuildSeed {
    /// Its id.
    pub id: BuildId,
    /// Its number.
    pub number: u64,
    /// When it was made.
    pub created: Millis,
    /// The build before it on the same branch.
    pub previous: Option<Previous>,
}

/// What a build consists of.
#[derive(Clone, Debug)]
pub struct BuildContent {
    /// Jobs, or the diagnostics why there are none.
    pub compilation: Compilation,
    /// The diagnostics for people, with source lines and carets.
    pub diagnostics_text: String,
    /// Why diagnostics that are errors leave nothing to run: [`Reason::Config`], or [`Reason::Clone`] when there was no
    /// commit to look at.
    pub fault: Reason,
}

/// Which build.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BuildRef {
    /// Its id.
    pub id: BuildId,
    /// Its number in its repository.
    pub number: u64,
}

/// A build without its jobs.
#[derive(Clone, PartialEq, Debug)]
pub struct BuildSummary {
    /// Its id.
    pub id: BuildId,
    /// Its number in its repository.
    pub number: u64,
    /// Where it stands.
    pub status: Status,
    /// How it ended; `None` until then.
    pub finish: Option<Finish>,
    /// Why it runs.
    pub trigger: Trigger,
    /// When it was made.
    pub created: Millis,
    /// When its first step was let go.
    pub started: Option<Millis>,
    /// When its last job ended.
    pub finished: Option<Millis>,
    /// Number of the build that it repeats.
    pub parent: Option<u64>,
}

/// A build, whole.
#[derive(Clone, Debug)]
pub struct BuildDetail {
    /// Whose.
    pub repository: Repository,
    /// What lists show of it.
    pub summary: BuildSummary,
    /// What `when` filtered out.
    pub left_out: Vec<LeftOut>,
    /// What the compiler said.
    pub diagnostics: Vec<Diagnostic>,
    /// The same for people.
    pub diagnostics_text: String,
    /// Who let it run, if somebody had to.
    pub approved_by: Option<String>,
    /// By position, each at its current attempt.
    pub jobs: Vec<JobDetail>,
    /// What people should know of those attempts.
    pub warnings: Vec<Warning>,
    /// What its steps reported.
    pub reports: ReportSummary,
}

/// A runner, as the page of runners shows it.
#[derive(Clone, PartialEq, Debug)]
pub struct Runner {
    /// Its own id.
    pub id: slipway_pipelines::ids::RunnerId,
    /// Name for people.
    pub name: String,
    /// Slipway's version on it.
    pub version: String,
    /// What it offers.
    pub labels: BTreeMap<String, String>,
    /// Most jobs at once.
    pub slots: u32,
    /// When it last said anything.
    pub seen: Millis,
    /// The token that first said hello with its id.
    pub token: TokenId,
    /// Since when it gets no new job, if somebody wanted it so.
    pub drained: Option<Hold>,
}

/// That something is held back: a runner, or the queue.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hold {
    /// Since when.
    pub at: Millis,
    /// Who wanted it, for people.
    pub by: String,
}

/// A job that waits for a runner or has one, as the page of the queue shows it.
#[derive(Clone, PartialEq, Debug)]
pub struct QueueEntry {
    /// The job.
    pub job: JobId,
    /// Its name.
    pub name: String,
    /// Its repository.
    pub repository: RepositoryName,
    /// Number of its build.
    pub number: u64,
    /// Where it stands.
    pub state: JobState,
    /// What a runner must have.
    pub labels: BTreeMap<String, String>,
    /// What has to happen before it runs; `None` when a runner has it.
    pub waiting_for: Option<WaitingFor>,
    /// Name of the runner that has it, or last had it.
    pub runner: Option<String>,
    /// When it got where it stands.
    pub since: Millis,
}

/// What a job waits for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum WaitingFor {
    /// Somebody's word for its build.
    Approval,
    /// Jobs of its build, by name.
    Needs(Vec<String>),
    /// A place in its concurrency group.
    Concurrency {
        /// The group.
        group: String,
        /// Most of it that run at once.
        limit: u32,
    },
    /// The time of its next attempt.
    Retry {
        /// On the steady clock, which is near the wall clock.
        at: Millis,
        /// Which attempt it will be, from 2.
        attempt: u32,
    },
    /// A runner that fits.
    Runner,
    /// A free slot of the one runner that has its workspace.
    Workspace {
        /// Its name.
        runner: String,
    },
}

/// Names a stored token; says nothing about its secret.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct TokenId(pub String);

/// What a token is good for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TokenKind {
    /// API and pages, everything.
    Admin,
    /// The runner protocol, and fetching with git.
    Runner,
    /// A browser that has logged in.
    Session,
    /// One login.
    Login,
}

impl TokenKind {
    /// The spelling of the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Runner => "runner",
            Self::Session => "session",
            Self::Login => "login",
        }
    }

    /// The inverse of [`TokenKind::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Admin, Self::Runner, Self::Session, Self::Login].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A token as it is listed: never its text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TokenListed {
    /// The token.
    pub token: Token,
    /// When it was made.
    pub created: Millis,
    /// When it ends, if it does.
    pub expires: Option<Millis>,
}

/// A token that was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// What it is good for.
    pub kind: TokenKind,
    /// Whose, for people.
    pub name: String,
}
