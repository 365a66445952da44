//! What the compiler is told besides the files: everything `when` filters and `CI_*` variables draw on.

use crate::{
    include::Included,
    repository::RepositoryName,
    state::Millis,
    trigger::{Event, Trigger},
};

/// A pipeline file, as the commit has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceFile {
    /// Path in the repository: `.woodpecker/build.yml`.
    pub path: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// All that a compilation depends on besides the files.
#[derive(Clone, Debug)]
pub struct Context {
    /// The repository.
    pub repository: Repository,
    /// Why the build starts.
    pub trigger: Trigger,
    /// The build.
    pub build: Build,
    /// The build before it on the same branch, if there was one.
    pub previous: Option<Previous>,
    /// The server.
    pub system: System,
    /// The secrets that the repository has; `None` when nobody knows, as at a desk, and every name is taken.
    pub secrets: Option<Vec<SecretRule>>,
    /// Files that the pipeline's `include` takes from elsewhere.
    pub included: Included,
    /// Whether this is `slipway run`: `when: {local: false}` does not fit then.
    pub local: bool,
}

/// What the language knows of a secret: all but its value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SecretRule {
    /// Lower case.
    pub name: String,
    /// Builds that may have it. `pull_request` stands for all three pull request events.
    pub events: Vec<Event>,
    /// Plugin images, with or without a tag, that may have it. Empty: every step may.
    pub images: Vec<String>,
}

impl SecretRule {
    /// Whether builds by this event may have it.
    pub fn allows(&self, event: Event) -> bool {
        self.events.contains(&event) || event.is_pull_request() && self.events.contains(&Event::PullRequest)
    }
}

/// What the language knows of a repository.
#[derive(Clone, Debug)]
pub struct Repository {
    /// `owner/name`.
    pub name: RepositoryName,
    /// Its id at the forge, or Slipway's.
    pub remote_id: String,
    /// Page of the repository.
    pub url: String,
    /// Where it is cloned from, without a credential.
    pub clone_url: String,
    /// The same over ssh; may be empty.
    pub clone_ssh_url: String,
    /// `main`.
    pub default_branch: String,
    /// Whether the forge hides it.
    pub private: bool,
    /// `slipway`, `github`, `gitea`, `gitlab` or `generic`.
    pub forge: String,
    /// Base URL of the forge.
    pub forge_url: String,
    /// What the repository may do beyond a container's usual rights.
    pub trusted: Trusted,
}

/// Rights that an administrator gives a repository.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Trusted {
    /// May change DNS and networks.
    pub network: bool,
    /// May mount host paths.
    pub volumes: bool,
    /// May run privileged containers.
    pub security: bool,
}

/// What the language knows of the build.
#[derive(Clone, Debug)]
pub struct Build {
    /// Numbered per repository, from 1.
    pub number: u64,
    /// The build that it repeats; 0 for none.
    pub parent: u64,
    /// When it was made.
    pub created: Millis,
    /// Its page.
    pub url: String,
    /// How often it was run again.
    pub reruns: u32,
}

/// What the language knows of the build before.
#[derive(Clone, Debug)]
pub struct Previous {
    /// Its number.
    pub number: u64,
    /// The build that it repeats; 0 for none.
    pub parent: u64,
    /// Its page.
    pub url: String,
    /// Its status, as the API spells it.
    pub status: String,
    /// When it was made, first ran, ended; 0 for never.
    pub created: Millis,
    /// See `created`.
    pub started: Millis,
    /// See `created`.
    pub finished: Millis,
    /// Why it ran.
    pub trigger: Trigger,
}

/// What the language knows of the server.
#[derive(Clone, Debug)]
pub struct System {
    /// `slipway`.
    pub name: String,
    /// Base URL of the server.
    pub url: String,
    /// Host of that URL.
    pub host: String,
    /// Version of the server.
    pub version: String,
}
