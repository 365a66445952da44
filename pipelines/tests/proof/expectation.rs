//! What a case says must come out.

use serde_json::Value;
use slipway_pipelines::diagnostic::{Diagnostic, Severity};

/// One line.
#[derive(Debug)]
pub(crate) enum Expectation {
    /// `is /jobs/0/steps/a/timeout_seconds = 600`: the value at a pointer into the view.
    Is(String, Value),
    /// `has /jobs/0/steps/a`: there is a value.
    Has(String),
    /// `not /jobs/0/steps/b`: there is none.
    Not(String),
    /// `error MESSAGE`, `warning MESSAGE`: a finding. All findings of a case are listed.
    Finding(Severity, String),
    /// `help TEXT`: some finding's help.
    Help(String),
    /// `left-out WHAT: WHY`
    LeftOut(String),
    /// `chosen a b`: files that are the pipeline, for discovery.
    Chosen(Vec<String>),
}

impl Expectation {
    /// `None` when it is none.
    pub(crate) fn parse(word: &str, rest: &str) -> Option<Self> {
        Some(match word {
            "is" => {
                let (pointer, json) = rest.split_once(" = ")?;
                Self::Is(
                    pointer.to_owned(),
                    serde_json::from_str(json).unwrap_or_else(|error| panic!("{json}: {error}")),
                )
            }
            "has" => Self::Has(rest.to_owned()),
            "not" => Self::Not(rest.to_owned()),
            "error" => Self::Finding(Severity::Error, rest.to_owned()),
            "warning" => Self::Finding(Severity::Warning, rest.to_owned()),
            "help" => Self::Help(rest.to_owned()),
            "left-out" => Self::LeftOut(rest.to_owned()),
            "chosen" => Self::Chosen(rest.split_whitespace().map(str::to_owned).collect()),
            _ => return None,
        })
    }

    /// Whether it points at this variable.
    pub(crate) fn is_about(&self, variable: &str) -> bool {
        let ending = format!("/environment/{variable}");
        match self {
            Self::Is(pointer, _) | Self::Has(pointer) | Self::Not(pointer) => pointer.ends_with(&ending),
            Self::Finding(..) | Self::Help(_) | Self::LeftOut(_) | Self::Chosen(_) => false,
        }
    }

    /// What is wrong, if anything is.
    pub(crate) fn check(&self, view: &Value, chosen: &[&str]) -> Result<(), String> {
        let wanted =
            |fits: bool, found: String| if fits { Ok(()) } else { Err(format!("{self:?}, but it is {found}")) };
        match self {
            Self::Is(pointer, value) => {
                let found = view.pointer(pointer);
                wanted(found == Some(value), format!("{found:?}"))
            }
            Self::Has(pointer) => wanted(view.pointer(pointer).is_some(), "not there".to_owned()),
            Self::Not(pointer) => wanted(view.pointer(pointer).is_none(), format!("{:?}", view.pointer(pointer))),
            // Compared as a whole by `findings`.
            Self::Finding(..) => Ok(()),
            Self::Help(text) => {
                let helps: Vec<&str> = texts(view, "/diagnostics", "help");
                wanted(helps.contains(&text.as_str()), format!("{helps:?}"))
            }
            Self::LeftOut(text) => {
                let (what, why) = (texts(view, "/left_out", "what"), texts(view, "/left_out", "why"));
                let all: Vec<String> = what.iter().zip(why).map(|(what, why)| format!("{what}: {why}")).collect();
                wanted(all.contains(text), format!("{all:?}"))
            }
            Self::Chosen(paths) => wanted(chosen == paths.as_slice(), format!("{chosen:?}")),
        }
    }
}

/// Whether all findings are expected, and all that is expected is found.
pub(crate) fn findings(expectations: &[Expectation], found: &[Diagnostic]) -> Result<(), String> {
    let mut wanted: Vec<(Severity, &str)> = expectations
        .iter()
        .filter_map(|expectation| match expectation {
            Expectation::Finding(severity, message) => Some((*severity, message.as_str())),
            _ => None,
        })
        .collect();
    let mut found: Vec<(Severity, &str)> = found.iter().map(|found| (found.severity, found.message.as_str())).collect();
    wanted.sort();
    found.sort();
    if wanted == found { Ok(()) } else { Err(format!("findings {wanted:?}, but there are {found:?}")) }
}

fn texts<'v>(view: &'v Value, pointer: &str, key: &str) -> Vec<&'v str> {
    view.pointer(pointer)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|item| item[key].as_str())
        .collect()
}
