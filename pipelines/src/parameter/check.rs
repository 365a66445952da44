//! Values that a build is given.

use std::collections::{BTreeMap, BTreeSet};

use super::{Parameter, ParameterKind, define::is_name};
use crate::{
    environment::{fitting, is_reserved},
    plan::Environment,
    suggest::{did_you_mean, listed},
};

/// Longest value, in bytes.
const LONGEST: usize = 64 * 1024;
/// Most values of a pipeline that defines no parameters.
const MOST: usize = 100;

/// What is wrong with the values that a manual build is given, in words; nothing when it may start. Without definitions any
/// name is taken, as long as it does not stand for something else.
pub fn check(parameters: &[Parameter], given: &BTreeMap<String, String>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, value) in given {
        let shown = shown(name);
        match parameters.iter().find(|parameter| parameter.name == *name) {
            Some(parameter) => {
                if let Err(why) = parameter.kind.takes(value) {
                    wrong.push(format!("`{name}` takes {why}, not `{}`", self::shown(value)));
                }
            }
            None if !parameters.is_empty() => {
                let names: BTreeSet<&str> = parameters.iter().map(|parameter| parameter.name.as_str()).collect();
                let near = did_you_mean(name, names.iter().copied())
                    .unwrap_or_else(|| format!("it has {}", listed(names.iter().copied(), "and")));
                wrong.push(format!("the pipeline has no parameter `{shown}`; {near}"));
            }
            None if !is_name(name) => {
                wrong.push(format!("`{shown}` is no name of a parameter: use letters, digits and `_`"));
            }
            None if is_reserved(name) => {
                wrong
                    .push(format!("a parameter cannot be named `{shown}`: steps would get it instead of the real one"));
            }
            None => {
                if let Err(why) = ParameterKind::String.takes(value) {
                    wrong.push(format!("`{name}` takes {why}"));
                }
            }
        }
    }
    if given.len() > MOST {
        wrong.push(format!("a build takes at most {MOST} parameters"));
    }
    let required = parameters.iter().filter(|parameter| parameter.default.is_none());
    for parameter in required.filter(|parameter| !given.contains_key(&parameter.name)) {
        wrong.push(format!("`{}` has no default: the build must be given a value", parameter.name));
    }
    wrong
}

/// The values that steps see: those given, and defaults for the rest. `given` is empty for builds that are not manual.
pub fn resolve(parameters: &[Parameter], given: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    values(parameters, given).all()
}

/// The values of a build's parameters, by who wrote them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Values {
    /// By the pipeline's author: defaults, and choices among what the file lists.
    pub(crate) own: Environment,
    /// By whoever started the build.
    pub(crate) given: Environment,
}

impl Values {
    /// All of them.
    pub(crate) fn all(&self) -> Environment {
        self.own.iter().chain(&self.given).map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

/// As [`resolve`], by who wrote them.
pub(crate) fn values(parameters: &[Parameter], given: &BTreeMap<String, String>) -> Values {
    let mut values = Values::default();
    for parameter in parameters.iter().filter(|parameter| !given.contains_key(&parameter.name)) {
        if let Some(default) = &parameter.default {
            values.own.insert(parameter.name.clone(), default.clone());
        }
    }
    for (name, value) in given.iter().filter(|(name, _)| is_variable(name)) {
        let is_own = parameters.iter().any(|parameter| parameter.name == *name && parameter.kind.lists(value));
        let values = if is_own { &mut values.own } else { &mut values.given };
        values.insert(name.clone(), fitting(value));
    }
    values
}

/// Builds that were given names before they were checked keep what an environment can hold.
fn is_variable(name: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0']) && !is_reserved(name)
}

impl ParameterKind {
    /// Whether a value is one of those that it takes; what it takes otherwise.
    pub(super) fn takes(&self, value: &str) -> Result<(), String> {
        let (takes, what) = match self {
            Self::String => (value.len() <= LONGEST && !value.contains('\0'), "at most 64 KiB of text".to_owned()),
            Self::Choice { options } => {
                let words: Vec<String> = options.iter().map(|option| shown(option)).collect();
                (options.iter().any(|option| option == value), listed(words.iter().map(String::as_str), "or"))
            }
            Self::Bool => (matches!(value, "true" | "false"), "`true` or `false`".to_owned()),
            Self::Number => (is_number(value), "a number".to_owned()),
        };
        if takes { Ok(()) } else { Err(what) }
    }

    /// Whether a value is one that the file itself has, whoever chose it.
    fn lists(&self, value: &str) -> bool {
        match self {
            Self::Choice { .. } | Self::Bool => self.takes(value).is_ok(),
            Self::String | Self::Number => false,
        }
    }
}

/// Digits with a sign and a fraction, as people write them.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.len() <= 100 && is_digits(whole) && is_digits(fraction)
}

/// A value for a message: short, and nothing in it that steers a terminal.
fn shown(text: &str) -> String {
    let start: String = text.chars().take(60).collect();
    let dots = if start.len() < text.len() { "…" } else { "" };
    format!("{}{dots}", start.escape_debug())
}
