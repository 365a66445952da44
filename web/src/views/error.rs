//! The page that says what went wrong, and what to do.

use askama::Template;

use super::Frame;

/// The page that says what went wrong.
#[derive(Clone, Debug, Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    /// Frame.
    pub frame: Frame,
    /// HTTP status.
    pub code: u16,
    /// What.
    pub heading: String,
    /// What to do.
    pub help: String,
}

impl ErrorPage {
    /// The page for a status of HTTP.
    pub fn new(code: u16, heading: &str, help: &str) -> Self {
        Self { frame: Frame::outside(heading), code, heading: heading.to_owned(), help: help.to_owned() }
    }
}
