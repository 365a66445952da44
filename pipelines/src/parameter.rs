//! `parameters:`, what a manual build can be given.

mod check;
mod define;
mod unite;

use serde::{Deserialize, Serialize};

pub(crate) use check::{Values, values};
pub use check::{check, resolve};
pub(crate) use unite::unite;
pub use unite::{Definitions, definitions};

/// A parameter of a pipeline.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Parameter {
    /// Of the variable that steps see.
    pub name: String,
    /// What it takes.
    #[serde(flatten)]
    pub kind: ParameterKind,
    /// Used by every build that is not given a value; without one, a manual build must give it.
    pub default: Option<String>,
    /// For people; may be empty.
    pub description: String,
}

/// What a parameter takes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ParameterKind {
    /// Any text.
    String,
    /// One of these.
    Choice {
        /// At least one.
        options: Vec<String>,
    },
    /// `true` or `false`.
    Bool,
    /// A decimal number.
    Number,
}
