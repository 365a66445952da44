//! `parameters:`, decoded.

use super::{Parameter, ParameterKind};
use crate::{
    diagnostic::Span,
    environment::is_reserved,
    flavour::Flavour,
    report::Report,
    suggest::{did_you_mean, listed},
    syntax::{keys, section},
    yaml::{Entry, Node, Scalar, Value},
};

/// Longest text of a definition, in bytes.
const LONGEST: usize = 1000;

/// A definition, at the place of its name.
pub(super) struct Defined {
    pub(super) parameter: Parameter,
    pub(super) span: Span,
}

/// The definitions of a file. Mistakes are in the report.
pub(super) fn defined(root: &Node, flavour: Flavour, report: &mut Report) -> Vec<Defined> {
    let Some(node) = root.given("parameters") else { return Vec::new() };
    let Value::Map(entries) = &node.value else {
        report
            .error(node.span, format!("`parameters` takes a map of names, this is {}", node.kind()))
            .help("write `NAME: default`, or `NAME: {type: choice, options: [a, b]}`");
        return Vec::new();
    };
    entries.iter().filter_map(|entry| one(entry, root, flavour, report)).collect()
}

fn one(entry: &Entry, root: &Node, flavour: Flavour, report: &mut Report) -> Option<Defined> {
    let (name, span) = (entry.key.clone(), entry.key_span);
    if !is_name(&name) {
        report
            .error(span, format!("`{}` is no name of a parameter", name.escape_debug()))
            .help("use letters, digits and `_`, and no digit first");
        return None;
    }
    if is_reserved(&name) {
        report
            .error(span, format!("a parameter cannot be named `{name}`: steps would get it instead of the real one"))
            .help("choose a name that does not begin with `CI_`, `DRONE_`, `PLUGIN_` or `SLIPWAY_`");
        return None;
    }
    if let Some(at) = root.get("matrix").and_then(|matrix| matrix.key_span(&name)) {
        report.warning(at, format!("the axis `{name}` hides the parameter of that name")).help("rename one of the two");
    }
    let parameter = match &entry.value.value {
        Value::Scalar(scalar) => {
            let default = text(&entry.value, &name, report)?;
            Parameter { name, kind: kind_of(scalar), default, description: String::new() }
        }
        Value::Map(_) => definition(name, &entry.value, flavour, report)?,
        Value::List(_) => {
            report
                .error(entry.value.span, format!("the parameter `{name}` takes a default or a map, this is a list"))
                .help(format!("write `{name}: {{type: choice, options: [a, b]}}`"));
            return None;
        }
    };
    checked(parameter, &entry.value, report).map(|parameter| Defined { parameter, span })
}

fn definition(name: String, node: &Node, flavour: Flavour, report: &mut Report) -> Option<Parameter> {
    section(node, &format!("the parameter `{name}`"), &keys::PARAMETER, flavour, report)?;
    let options = match node.given("options") {
        Some(options) => Some(self::options(options, &name, report)?),
        None => None,
    };
    let default = node.given("default");
    let word = node.given("type").map(|node| Some((text(node, "type", report)??, node.span)));
    let kind = match word {
        // What is wrong with it was said.
        Some(None) => return None,
        Some(Some((word, at))) => match (word.as_str(), options) {
            ("choice", Some(options)) => ParameterKind::Choice { options },
            ("choice", None) => {
                report.error(at, format!("the choice `{name}` has no `options`")).help("add `options: [a, b]`");
                return None;
            }
            ("string" | "bool" | "number", Some(_)) => {
                report
                    .error(at, format!("the parameter `{name}` has `options`, and is no choice"))
                    .help("write `type: choice`, or remove `options`");
                return None;
            }
            ("string", None) => ParameterKind::String,
            ("bool", None) => ParameterKind::Bool,
            ("number", None) => ParameterKind::Number,
            (word, _) => {
                let help = did_you_mean(word, keys::PARAMETER_TYPES.iter().copied())
                    .unwrap_or_else(|| format!("types are {}", listed(keys::PARAMETER_TYPES.iter().copied(), "and")));
                report.error(at, format!("`{}` is no type of a parameter", word.escape_debug())).help(help);
                return None;
            }
        },
        None => match (options, default.map(|node| &node.value)) {
            (Some(options), _) => ParameterKind::Choice { options },
            (None, Some(Value::Scalar(scalar))) => kind_of(scalar),
            (None, _) => ParameterKind::String,
        },
    };
    let default = match default {
        Some(node) => text(node, "default", report)?,
        None => None,
    };
    let description = match node.given("description") {
        Some(node) => text(node, "description", report)?.unwrap_or_default(),
        None => String::new(),
    };
    Some(Parameter { name, kind, default, description })
}

fn options(node: &Node, name: &str, report: &mut Report) -> Option<Vec<String>> {
    let Value::List(items) = &node.value else {
        report.error(node.span, format!("`options` takes a list, this is {}", node.kind()));
        return None;
    };
    if items.is_empty() {
        report.error(node.span, format!("the choice `{name}` has no options")).help("add at least one");
        return None;
    }
    let mut options: Vec<String> = Vec::new();
    for item in items {
        let Some(option) = text(item, "options", report)? else {
            report.error(item.span, "an option is text, this is nothing");
            return None;
        };
        if options.contains(&option) {
            report.error(item.span, format!("the choice `{name}` has the option `{}` twice", option.escape_debug()));
        } else {
            options.push(option);
        }
    }
    Some(options)
}

/// A definition whose default is a value that it takes.
fn checked(mut parameter: Parameter, node: &Node, report: &mut Report) -> Option<Parameter> {
    let at = node.get("default").map_or(node.span, |node| node.span);
    if let (ParameterKind::Bool, Some(default)) = (&parameter.kind, &mut parameter.default)
        && let Some(flag) = (Scalar { text: default.clone(), plain: true }).as_bool()
    {
        *default = flag.to_string();
    }
    if let Some(default) = &parameter.default
        && let Err(why) = parameter.kind.takes(default)
    {
        report.error(at, format!("the default of `{}` is none of its values: it takes {why}", parameter.name));
        return None;
    }
    Some(parameter)
}

/// A scalar as text; `Some(None)` for nothing, `None` after a mistake.
fn text(node: &Node, what: &str, report: &mut Report) -> Option<Option<String>> {
    match &node.value {
        Value::Scalar(scalar) if scalar.is_null() => Some(None),
        Value::Scalar(scalar) if scalar.text.contains("${") => {
            report
                .error(node.span, "`parameters` take no `${…}`: they are known before a build is")
                .help("compute the value in `commands`");
            None
        }
        Value::Scalar(scalar) if scalar.text.len() > LONGEST || scalar.text.contains('\0') => {
            report.error(node.span, format!("`{what}` takes at most {LONGEST} bytes of text"));
            None
        }
        Value::Scalar(scalar) => Some(Some(scalar.text.clone())),
        Value::List(_) | Value::Map(_) => {
            report.error(node.span, format!("`{what}` takes text, this is {}", node.kind()));
            None
        }
    }
}

/// What a default tells about its parameter; quotes make it text.
fn kind_of(scalar: &Scalar) -> ParameterKind {
    if scalar.as_bool().is_some() {
        ParameterKind::Bool
    } else if scalar.plain && ParameterKind::Number.takes(&scalar.text).is_ok() {
        ParameterKind::Number
    } else {
        ParameterKind::String
    }
}

/// Whether a shell has variables of this name.
pub(super) fn is_name(name: &str) -> bool {
    name.len() <= 100
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
