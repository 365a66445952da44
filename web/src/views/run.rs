//! The page that starts a build by hand.

use askama::Template;
use slipway_pipelines::{
    parameter::{Parameter, ParameterKind},
    repository::RepositoryName,
};

use super::{Crumb, Frame, paths};

/// The page that starts a build by hand.
#[derive(Clone, Debug, Template)]
#[template(path = "run.html")]
pub struct RunPage {
    /// Frame.
    pub frame: Frame,
    /// This page, for another branch.
    pub href: String,
    /// Where the form goes.
    pub action: String,
    /// What is built.
    pub branch: String,
    /// What the pipeline can be given.
    pub fields: Vec<Field>,
    /// `NAME=value` a line, for a pipeline that defines nothing.
    pub free: String,
    /// What was wrong with what was sent, or why nothing is known of the pipeline.
    pub problems: Vec<String>,
    /// Whether the branch has a pipeline that can be started.
    pub ready: bool,
}

/// A parameter to fill in.
#[derive(Clone, Debug)]
pub struct Field {
    /// Name of the parameter.
    pub name: String,
    /// For people; may be empty.
    pub description: String,
    /// What it takes.
    pub kind: FieldKind,
    /// What is in it.
    pub value: String,
    /// Whether it must be filled in.
    pub required: bool,
}

/// What a field takes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FieldKind {
    /// Any text.
    Text,
    /// A decimal number.
    Number,
    /// `true` or `false`.
    Bool,
    /// One of these.
    Choice(Vec<String>),
}

impl RunPage {
    /// The page of a branch, without fields.
    pub fn new(name: &RepositoryName, branch: &str) -> Self {
        let mut frame = Frame::repository(name, None);
        frame.crumbs.push(Crumb { text: "Run".to_owned(), href: paths::run(name) });
        frame.title = format!("Run · {name}");
        Self {
            frame,
            href: paths::run(name),
            action: format!("{}/builds", paths::repository(name)),
            branch: branch.to_owned(),
            fields: Vec::new(),
            free: String::new(),
            problems: Vec::new(),
            ready: true,
        }
    }
}

impl Field {
    /// The field of a parameter, with what was given or its default.
    pub fn new(parameter: &Parameter, given: Option<&str>) -> Self {
        Self {
            name: parameter.name.clone(),
            description: parameter.description.clone(),
            kind: match &parameter.kind {
                ParameterKind::String => FieldKind::Text,
                ParameterKind::Number => FieldKind::Number,
                ParameterKind::Bool => FieldKind::Bool,
                ParameterKind::Choice { options } => FieldKind::Choice(options.clone()),
            },
            value: given.or(parameter.default.as_deref()).unwrap_or_default().to_owned(),
            required: parameter.default.is_none(),
        }
    }
}
