//! What all pages have.

use slipway_pipelines::repository::RepositoryName;

use super::paths;
use crate::{assets, sign::Sign};

/// The frame of a page.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Title of the window; starts with the state where the page has one.
    pub title: String,
    /// What the page's icon shows.
    pub status: Option<Sign>,
    /// Whether there is somebody to sign out.
    pub signed_in: bool,
    /// The way to this page.
    pub crumbs: Vec<Crumb>,
}

/// One part of the way to a page.
#[derive(Clone, Debug)]
pub struct Crumb {
    /// Its name.
    pub text: String,
    /// Its path.
    pub href: String,
}

impl Frame {
    /// A page about nothing in particular.
    pub fn new(title: &str) -> Self {
        Self { title: format!("{title} · Slipway"), status: None, signed_in: true, crumbs: Vec::new() }
    }

    /// A page for somebody who has not signed in.
    pub fn outside(title: &str) -> Self {
        Self { signed_in: false, ..Self::new(title) }
    }

    /// A repository's page.
    pub fn repository(name: &RepositoryName, status: Option<Sign>) -> Self {
        let crumbs = vec![Crumb { text: name.to_string(), href: paths::repository(name) }];
        Self { title: format!("{name} · Slipway"), status, signed_in: true, crumbs }
    }

    /// A build's page.
    pub fn build(name: &RepositoryName, number: u64, status: Sign) -> Self {
        let mut frame = Self::repository(name, Some(status));
        frame.crumbs.push(Crumb { text: format!("#{number}"), href: paths::build(name, number) });
        frame.title = format!("{} #{number} · {name}", status.as_str());
        frame
    }

    /// Pages that every page leads to.
    pub(crate) fn places(&self) -> [Crumb; 3] {
        let place = |text: &str, href: &str| Crumb { text: text.to_owned(), href: href.to_owned() };
        [place("Search", paths::SEARCH), place("Queue", paths::QUEUE), place("Settings", paths::ACCOUNT)]
    }

    /// Whether this is the page of a place.
    pub(crate) fn is_at(&self, place: &Crumb) -> bool {
        self.crumbs.first().is_some_and(|crumb| crumb.href == place.href)
    }

    pub(crate) fn assets(&self) -> String {
        assets::folder()
    }

    pub(crate) fn icon(&self) -> String {
        assets::icon_path(self.status)
    }
}
