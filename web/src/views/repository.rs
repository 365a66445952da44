//! A repository: its builds, and how they start.

use askama::Template;

use super::{BuildRow, Frame};

/// A repository's page.
#[derive(Clone, Debug, Template)]
#[template(path = "repository.html")]
pub struct RepositoryPage {
    /// Frame.
    pub frame: Frame,
    /// First half of its name.
    pub owner: String,
    /// Second half of its name.
    pub name: String,
    /// Its page.
    pub href: String,
    /// Where the form that starts a build goes.
    pub run_action: String,
    /// The page that asks for parameters before.
    pub run_page: String,
    /// Its tests.
    pub tests: String,
    /// Its settings.
    pub settings: String,
    /// `main`.
    pub default_branch: String,
    /// How builds start.
    pub start: Start,
    /// Path of its badge.
    pub badge: String,
    /// Newest first.
    pub builds: Vec<BuildRow>,
    /// Whether this is not the first page.
    pub paged: bool,
    /// The next page.
    pub older: Option<String>,
}

/// What starts a repository's builds.
#[derive(Clone, Debug)]
pub enum Start {
    /// A push to Slipway's own remote.
    Push {
        /// The remote, without a credential.
        url: String,
    },
    /// A forge's webhook.
    Hook {
        /// Name of the forge.
        forge: String,
        /// Where the hook goes.
        url: String,
        /// Where the source is, without a credential.
        clone_url: String,
    },
}
