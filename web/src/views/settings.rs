//! A repository's settings: secrets, registries, rights. Values are never in a page.

use askama::Template;
use slipway_pipelines::{repository::RepositoryName, trigger::Event};

use super::{Frame, paths};
use crate::time::Moment;

/// A repository's settings.
#[derive(Clone, Debug, Template)]
#[template(path = "settings.html")]
pub struct SettingsPage {
    /// Frame.
    pub frame: Frame,
    /// First half of its name.
    pub owner: String,
    /// Second half of its name.
    pub name: String,
    /// The repository's page.
    pub href: String,
    /// Its tests.
    pub tests: String,
    /// This page.
    pub settings: String,
    /// What was wrong with the form that was sent.
    pub problem: Option<Problem>,
    /// By name.
    pub secrets: Vec<SecretRow>,
    /// The form that adds or replaces one.
    pub secret: SecretForm,
    /// By host.
    pub registries: Vec<RegistryRow>,
    /// The form that adds or replaces one.
    pub registry: RegistryForm,
    /// By name.
    pub crons: Vec<CronRow>,
    /// The form that adds or replaces one.
    pub cron: CronForm,
    /// Those used last first.
    pub caches: Vec<CacheRow>,
    /// All three.
    pub trust: Vec<TrustSwitch>,
    /// `main`.
    pub default_branch: String,
    /// Path of its badge.
    pub badge: String,
    /// The badge's whole address.
    pub badge_url: String,
    /// The repository's whole address.
    pub page_url: String,
    /// The badge as a link of a page.
    pub badge_html: String,
}

/// What was wrong with a form.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Whose.
    pub at: Section,
    /// What.
    pub text: String,
    /// What to do; may be empty.
    pub help: String,
}

/// A part of the page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names are the meaning")]
pub enum Section {
    General,
    Secrets,
    Registries,
    Crons,
    Trust,
}

/// A secret in the list.
#[derive(Clone, Debug)]
pub struct SecretRow {
    /// Its name.
    pub name: String,
    /// Builds that may have it.
    pub events: String,
    /// Plugins that may have it; empty when every step may.
    pub images: String,
    /// When it was last set.
    pub updated: Moment,
    /// This page with the form filled in.
    pub replace: String,
}

/// The form of a secret, without its value.
#[derive(Clone, Debug, Default)]
pub struct SecretForm {
    /// Name.
    pub name: String,
    /// Whether there is one of the name already.
    pub replaces: bool,
    /// Every kind of event.
    pub events: Vec<EventBox>,
    /// Images, one a line.
    pub images: String,
    /// Whether it is open.
    pub open: bool,
}

/// A box to tick.
#[derive(Clone, Debug)]
pub struct EventBox {
    /// The event.
    pub name: &'static str,
    /// Whether it is ticked.
    pub checked: bool,
}

/// A credential of an image registry in the list.
#[derive(Clone, Debug)]
pub struct RegistryRow {
    /// Where.
    pub host: String,
    /// As whom.
    pub username: String,
    /// When it was last set.
    pub updated: Moment,
    /// This page with the form filled in.
    pub replace: String,
}

/// The form of a registry, without its password.
#[derive(Clone, Debug, Default)]
pub struct RegistryForm {
    /// Where.
    pub host: String,
    /// As whom.
    pub username: String,
    /// Whether there is one of the host already.
    pub replaces: bool,
    /// Whether it is open.
    pub open: bool,
}

/// A cron in the list.
#[derive(Clone, Debug)]
pub struct CronRow {
    /// Its name.
    pub name: String,
    /// Its five fields.
    pub schedule: String,
    /// They in words.
    pub words: String,
    /// What it builds; empty for the default branch.
    pub branch: String,
    /// When it comes due: `2026-11-30 04:00`; empty while it is paused.
    pub next: String,
    /// When it last did.
    pub last: Option<Moment>,
    /// Number and page of the build that it made then.
    pub build: Option<(u64, String)>,
    /// Why it made none; may be empty.
    pub problem: String,
    /// This page with the form filled in.
    pub replace: String,
}

/// The form of a cron.
#[derive(Clone, Debug, Default)]
pub struct CronForm {
    /// Name.
    pub name: String,
    /// Five fields.
    pub schedule: String,
    /// Empty for the default branch.
    pub branch: String,
    /// Whether it makes no builds.
    pub paused: bool,
    /// Whether there is one of the name already.
    pub replaces: bool,
    /// Whether it is open.
    pub open: bool,
}

/// An entry of a cache in the list.
#[derive(Clone, Debug)]
pub struct CacheRow {
    /// Names it for the form.
    pub id: String,
    /// Its key.
    pub key: String,
    /// The branch whose builds write it.
    pub scope: String,
    /// How large it is, or why there is nothing in it.
    pub size: Result<String, String>,
    /// When it was last restored, or saved.
    pub used: Moment,
}

/// A right that an administrator can give.
#[derive(Clone, Debug)]
pub struct TrustSwitch {
    /// Its name in form and API.
    pub name: &'static str,
    /// What steps may do with it.
    pub meaning: &'static str,
    /// Whether it is given.
    pub given: bool,
}

impl SettingsPage {
    /// A page without anything in its lists.
    pub fn new(name: &RepositoryName) -> Self {
        let mut frame = Frame::repository(name, None);
        frame.crumbs.push(super::Crumb { text: "Settings".to_owned(), href: paths::settings(name) });
        frame.title = format!("Settings · {name}");
        Self {
            frame,
            owner: name.owner().to_owned(),
            name: name.name().to_owned(),
            href: paths::repository(name),
            tests: paths::tests(name),
            settings: paths::settings(name),
            problem: None,
            secrets: Vec::new(),
            secret: SecretForm::default(),
            registries: Vec::new(),
            registry: RegistryForm::default(),
            crons: Vec::new(),
            cron: CronForm::default(),
            caches: Vec::new(),
            trust: Vec::new(),
            default_branch: "main".to_owned(),
            badge: paths::badge(name),
            badge_url: String::new(),
            page_url: String::new(),
            badge_html: String::new(),
        }
        .at("")
    }

    /// With addresses below the server's public URL.
    #[must_use]
    pub fn at(mut self, public_url: &str) -> Self {
        self.badge_url = format!("{public_url}{}", self.badge);
        self.page_url = format!("{public_url}{}", self.href);
        self.badge_html =
            format!("<a href=\"{}\"><img src=\"{}\" alt=\"build status\"></a>", self.page_url, self.badge_url);
        self
    }

    /// What was wrong with a part's form.
    pub(crate) fn problem_of(&self, section: Section) -> Option<&Problem> {
        self.problem.as_ref().filter(|problem| problem.at == section)
    }
}

impl EventBox {
    /// A box for each kind of event.
    pub fn all(checked: impl Fn(Event) -> bool) -> Vec<Self> {
        Event::ALL.map(|event| Self { name: event.as_str(), checked: checked(event) }).into()
    }
}

impl TrustSwitch {
    /// All rights.
    pub fn all(trusted: slipway_pipelines::context::Trusted) -> Vec<Self> {
        let switch = |name, meaning, given| Self { name, meaning, given };
        vec![
            switch("network", "Steps may set DNS servers, hosts and the network that they are on.", trusted.network),
            switch("volumes", "Steps may mount paths and devices of the runner's machine.", trusted.volumes),
            switch("security", "Steps may be privileged: they can take over the runner's machine.", trusted.security),
        ]
    }
}
