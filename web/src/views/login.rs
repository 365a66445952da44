//! The page that asks for a token.

use askama::Template;

use super::Frame;

/// The page that asks for a token.
#[derive(Clone, Debug, Template)]
#[template(path = "login.html")]
pub struct LoginPage {
    /// Frame.
    pub frame: Frame,
    /// Where to go afterwards: a path of this server.
    pub to: String,
    /// What was wrong with the last try.
    pub problem: Option<&'static str>,
}

impl LoginPage {
    /// The page, before or after a failed try.
    pub fn new(to: String, problem: Option<&'static str>) -> Self {
        Self { frame: Frame::outside("Sign in"), to, problem }
    }
}
