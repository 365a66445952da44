//! What came in for a repository, and what became of it.

use askama::Template;
use slipway_pipelines::repository::RepositoryName;

use super::{Crumb, Frame, paths};
use crate::time::Moment;

/// The list of deliveries.
#[derive(Clone, Debug, Template)]
#[template(path = "deliveries.html")]
pub struct DeliveriesPage {
    /// Frame.
    pub frame: Frame,
    /// Newest first.
    pub rows: Vec<DeliveryRow>,
    /// This page with the newest.
    pub href: String,
    /// Whether this is not the first page.
    pub paged: bool,
    /// The next page.
    pub older: Option<String>,
}

/// One delivery.
#[derive(Clone, Debug, Template)]
#[template(path = "delivery.html")]
pub struct DeliveryPage {
    /// Frame.
    pub frame: Frame,
    /// What lists show of it.
    pub row: DeliveryRow,
    /// Name and value, without credentials.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: String,
}

/// A delivery in the list.
#[derive(Clone, Debug)]
pub struct DeliveryRow {
    /// Its page.
    pub href: String,
    /// The forge's word for what it is.
    pub event: String,
    /// The forge's own id of it.
    pub forge_id: String,
    /// Whether somebody had one worked on again.
    pub replayed: bool,
    /// What became of it, in a word.
    pub state: &'static str,
    /// The class of the sign that this looks like.
    pub class: &'static str,
    /// Why it made no build; empty where it did.
    pub why: String,
    /// The build that it made, and its page.
    pub build: Option<(u64, String)>,
    /// Length of its body.
    pub size: String,
    /// When it came.
    pub received: Moment,
}

/// The frame of a page below a repository's settings.
fn frame(name: &RepositoryName) -> Frame {
    let mut frame = Frame::repository(name, None);
    frame.crumbs.push(Crumb { text: "Settings".to_owned(), href: paths::settings(name) });
    frame.crumbs.push(Crumb { text: "Deliveries".to_owned(), href: paths::deliveries(name) });
    frame.title = format!("Deliveries · {name}");
    frame
}

impl DeliveriesPage {
    /// A page without deliveries.
    pub fn new(name: &RepositoryName) -> Self {
        Self { frame: frame(name), rows: Vec::new(), href: paths::deliveries(name), paged: false, older: None }
    }
}

impl DeliveryPage {
    /// The page of a delivery.
    pub fn new(name: &RepositoryName, row: DeliveryRow, headers: Vec<(String, String)>, body: String) -> Self {
        Self { frame: frame(name), row, headers, body }
    }
}
