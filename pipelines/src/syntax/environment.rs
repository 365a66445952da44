//! `environment:`, `settings:`, labels and build arguments.

use super::{
    reader::{Reader, Spanned},
    value::Told,
};
use crate::{
    diagnostic::Span,
    plan::SecretPart,
    yaml::{Node, Value},
};

/// What a variable's value may be, secrets apart: the kernel's limit for one variable, less some room for its name.
const MOST: usize = 128 * 1024 - 512;

impl Reader<'_> {
    /// Names with values: lists of scalars joined by commas, anything deeper as JSON, secrets at any depth.
    pub(crate) fn environment(&mut self, node: &Node, what: &str) -> Vec<(Spanned<String>, Told)> {
        match &node.value {
            Value::Map(entries) => entries
                .iter()
                .filter_map(|entry| {
                    let name = Spanned { value: entry.key.clone(), span: entry.key_span };
                    self.check_name(&name, what);
                    let value = self.told(&entry.value)?;
                    self.check_value(&value, entry.value.span);
                    Some((name, value))
                })
                .collect(),
            Value::List(_) => {
                self.wrong(node, what, "a map").help("write `NAME: value` instead of `- NAME=value`");
                Vec::new()
            }
            Value::Scalar(scalar) if scalar.is_null() => Vec::new(),
            Value::Scalar(_) => {
                self.wrong(node, what, "a map");
                Vec::new()
            }
        }
    }

    /// The same where no secret may be; `why` says it.
    pub(crate) fn open_environment(&mut self, node: &Node, what: &str, why: &str) -> Vec<(Spanned<String>, String)> {
        let before = self.asks.len();
        let values = self.environment(node, what);
        for ask in self.asks.split_off(before) {
            self.error(ask.span, format!("`{what}` cannot have secrets: {why}"))
                .help("write `from_secret` below the `environment` or `settings` of a step");
        }
        let open = values.into_iter().filter_map(|(name, value)| match value {
            Told::Text(text) => Some((name, text)),
            Told::Parts(_) => None,
        });
        open.collect()
    }

    /// `settings` as the variables that a plugin reads: `PLUGIN_NAME`.
    pub(crate) fn settings(&mut self, node: &Node) -> Vec<(String, Told)> {
        let settings = self.environment(node, "settings");
        settings
            .into_iter()
            .map(|(name, value)| (format!("PLUGIN_{}", name.value.to_uppercase().replace(['.', '-'], "_")), value))
            .collect()
    }

    pub(crate) fn check_name(&mut self, name: &Spanned<String>, what: &str) {
        if name.value.is_empty() || name.value.contains(['=', '\0', '\n']) || name.value.len() > 256 {
            let shown: String = name.value.chars().take(40).collect();
            self.error(name.span, format!("`{shown}` is not a name of a variable in `{what}`"))
                .help("use letters, digits and `_`");
        }
    }

    pub(crate) fn check_value(&mut self, value: &Told, at: Span) {
        let mut texts: Vec<&str> = Vec::new();
        match value {
            Told::Text(text) => texts.push(text),
            Told::Parts(parts) => texts.extend(parts.iter().filter_map(|part| match part {
                SecretPart::Text(text) => Some(text.as_str()),
                SecretPart::Secret(_) | SecretPart::Json(_) => None,
            })),
        }
        if texts.iter().any(|text| text.contains('\0')) {
            self.error(at, "a value in an environment cannot hold a NUL character");
        } else if texts.iter().map(|text| text.len()).sum::<usize>() > MOST {
            self.error(at, "a value in an environment takes at most 127 KiB")
                .help("put it into a file of the repository and read it from there");
        }
    }
}
