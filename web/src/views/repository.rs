//! A repository: its builds, and how they start.

use askama::Template;

use super::{BuildRow, Frame};
use crate::trend::Trend;

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
    /// The last builds that are over; `None` when there are less than two, and on later pages.
    pub trend: Option<Trend>,
    /// What its tests need; `None` without.
    pub hint: Option<TestsHint>,
    /// Which builds are shown.
    pub filter: FilterForm,
    /// Newest first.
    pub builds: Vec<BuildRow>,
    /// Whether this is not the first page.
    pub paged: bool,
    /// The next page.
    pub older: Option<String>,
}

/// The form that says which builds are shown, filled in.
#[derive(Clone, Debug, Default)]
pub struct FilterForm {
    /// Branch.
    pub branch: String,
    /// Event.
    pub event: String,
    /// Status.
    pub status: String,
    /// Author.
    pub author: String,
    /// Branches that were built last.
    pub branches: Vec<String>,
    /// Authors of the last builds.
    pub authors: Vec<String>,
    /// All events.
    pub events: Vec<&'static str>,
    /// All states.
    pub statuses: Vec<&'static str>,
}

impl FilterForm {
    /// Whether something is left out.
    pub(crate) fn is_set(&self) -> bool {
        ![&self.branch, &self.event, &self.status, &self.author].iter().all(|field| field.is_empty())
    }
}

/// Tests that want to be looked at.
#[derive(Clone, Debug)]
pub struct TestsHint {
    /// The slowest: name, page, time.
    pub slowest: Vec<(String, String, String)>,
    /// Those that failed and passed at one commit: name, page, how often.
    pub flaky: Vec<(String, String, String)>,
    /// The list of the flaky ones.
    pub all_flaky: String,
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
