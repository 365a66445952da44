//! Credentials of image registries for every repository. Passwords are never in a page.

use askama::Template;

use super::{Crumb, Frame, Problem, RegistryForm, RegistryRow, paths};

/// The page.
#[derive(Clone, Debug, Template)]
#[template(path = "registries.html")]
pub struct RegistriesPage {
    /// Frame.
    pub frame: Frame,
    /// Where its forms go.
    pub path: &'static str,
    /// What was wrong with the form that was sent.
    pub problem: Option<Problem>,
    /// By host.
    pub registries: Vec<RegistryRow>,
    /// The form that adds or replaces one.
    pub registry: RegistryForm,
}

impl RegistriesPage {
    /// The page with these in its list and form.
    pub fn new(registries: Vec<RegistryRow>, registry: RegistryForm, problem: Option<Problem>) -> Self {
        let mut frame = Frame::new("Image registries");
        frame.crumbs.push(Crumb { text: "Settings".to_owned(), href: paths::ACCOUNT.to_owned() });
        frame.crumbs.push(Crumb { text: "Image registries".to_owned(), href: paths::REGISTRIES.to_owned() });
        Self { frame, path: paths::REGISTRIES, problem, registries, registry }
    }
}
