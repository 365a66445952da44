//! What a build's page opens above the log when it is asked to.

use super::{GraphView, LeftOutView, TimelineView};

/// What can be opened, and what is.
#[derive(Clone, Debug, Default)]
pub struct PanelView {
    /// Links that open or close one.
    pub tabs: Vec<PanelTab>,
    /// What is open.
    pub open: Option<Panel>,
}

/// A link that opens or closes a panel.
#[derive(Clone, Debug)]
pub struct PanelTab {
    /// Its name in addresses.
    pub key: &'static str,
    /// Its name for people.
    pub text: &'static str,
    /// The page with it open; without it when it is open.
    pub href: String,
    /// Whether it is open.
    pub is_open: bool,
}

/// What is open.
#[derive(Clone, Debug)]
pub enum Panel {
    /// The build over time; `None` before anything has begun.
    Timeline(Option<TimelineView>),
    /// What waits for what.
    Graph(Vec<GraphView>),
    /// Where it comes from, what went in and what came out.
    Details(Box<DetailsView>),
}

/// Where a build comes from, what went in and what came out.
#[derive(Clone, Debug, Default)]
pub struct DetailsView {
    /// Facts with their names.
    pub facts: Vec<(&'static str, String)>,
    /// What it was given.
    pub parameters: Vec<(String, String)>,
    /// Paths that the change touches; `None` when that is not known.
    pub changed: Option<Vec<String>>,
    /// Images that it put into registries.
    pub pushed: Vec<PushedView>,
    /// What vouches for them, in the API.
    pub provenance: String,
    /// Images that its containers were made from.
    pub images: Vec<UsedView>,
    /// What filters left out.
    pub left_out: Vec<LeftOutView>,
}

/// An image in a registry.
#[derive(Clone, Debug)]
pub struct PushedView {
    /// Its name.
    pub reference: String,
    /// `sha256:…`
    pub digest: String,
    /// `job / step`.
    pub place: String,
    /// The step's page.
    pub href: String,
}

/// An image that containers were made from.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct UsedView {
    /// Its name.
    pub reference: String,
    /// `name@sha256:…`, or the engine's own name for an image that no registry is known to have.
    pub digest: String,
    /// Names of the steps.
    pub steps: Vec<String>,
}

impl DetailsView {
    /// Whether the changed files are so many that they are folded.
    pub(crate) fn is_long(&self) -> bool {
        self.changed.as_ref().is_some_and(|files| files.len() > 20)
    }

    pub(crate) fn change_count(&self) -> String {
        match self.changed.as_ref().map_or(0, Vec::len) {
            1 => "1 file".to_owned(),
            count => format!("{count} files"),
        }
    }
}
