//! Who can come in, and what the server was told at its start.

use askama::Template;

use super::{Crumb, Frame, paths};
use crate::time::Moment;

/// The page.
#[derive(Clone, Debug, Template)]
#[template(path = "account.html")]
pub struct AccountPage {
    /// Frame.
    pub frame: Frame,
    /// Whoever looks.
    pub name: String,
    /// Slipway's version.
    pub version: &'static str,
    /// A token that was just made: its name and its text, this once.
    pub made: Option<(String, String)>,
    /// What was wrong, and what to do.
    pub problem: Option<(String, String)>,
    /// Of people, scripts and runners.
    pub tokens: Vec<TokenRow>,
    /// Browsers that are logged in.
    pub sessions: Vec<TokenRow>,
    /// The form for a new token.
    pub form: TokenForm,
    /// The settings in force.
    pub settings: Vec<SettingRow>,
}

/// A token in a list. Never its text.
#[derive(Clone, Debug)]
pub struct TokenRow {
    /// Its id.
    pub id: String,
    /// `admin`, `runner` or `session`.
    pub kind: &'static str,
    /// Whose.
    pub name: String,
    /// When it was made.
    pub created: Moment,
    /// The day on which it ends.
    pub expires: Option<String>,
    /// The server makes it at its start.
    pub is_own: bool,
    /// Whoever looks came with it.
    pub is_current: bool,
}

/// What stands in the form.
#[derive(Clone, Debug, Default)]
pub struct TokenForm {
    /// Name.
    pub name: String,
    /// Whether it is to be a runner's.
    pub is_runner: bool,
    /// Days until its end, as typed.
    pub days: String,
    /// Whether the form is unfolded.
    pub open: bool,
}

/// A setting.
#[derive(Clone, Debug)]
pub struct SettingRow {
    /// The flag that sets it.
    pub flag: &'static str,
    /// What it is now.
    pub value: String,
    /// What it means.
    pub meaning: &'static str,
}

impl AccountPage {
    /// The page with these in its lists.
    pub fn new(
        name: String,
        version: &'static str,
        tokens: Vec<TokenRow>,
        sessions: Vec<TokenRow>,
        settings: Vec<SettingRow>,
    ) -> Self {
        let mut frame = Frame::new("Settings");
        frame.crumbs.push(Crumb { text: "Settings".to_owned(), href: paths::ACCOUNT.to_owned() });
        let form = TokenForm::default();
        Self { frame, name, version, made: None, problem: None, tokens, sessions, form, settings }
    }
}
