//! `environment:`, `settings:` and build arguments.

use serde_json::Value as Json;

use super::reader::{Reader, Spanned};
use crate::yaml::{Node, Scalar, Value};

impl Reader<'_> {
    /// Names with values as text: lists of scalars joined by commas, anything deeper as JSON.
    pub(crate) fn environment(&mut self, node: &Node, what: &str) -> Vec<(Spanned<String>, String)> {
        match &node.value {
            Value::Map(entries) => entries
                .iter()
                .filter_map(|entry| {
                    let name = Spanned { value: entry.key.clone(), span: entry.key_span };
                    self.check_name(&name, what);
                    let value = self.flat(&entry.value)?;
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

    /// `settings` as the variables that a plugin reads: `PLUGIN_NAME`.
    pub(crate) fn settings(&mut self, node: &Node) -> Vec<(String, String)> {
        let settings = self.environment(node, "settings");
        settings
            .into_iter()
            .map(|(name, value)| (format!("PLUGIN_{}", name.value.to_uppercase().replace(['.', '-'], "_")), value))
            .collect()
    }

    fn check_name(&mut self, name: &Spanned<String>, what: &str) {
        if name.value.is_empty() || name.value.contains(['=', '\0', '\n']) || name.value.len() > 256 {
            let shown: String = name.value.chars().take(40).collect();
            self.error(name.span, format!("`{shown}` is not a name of a variable in `{what}`"))
                .help("use letters, digits and `_`");
        }
    }

    fn check_value(&mut self, value: &str, at: crate::diagnostic::Span) {
        // The kernel's limit for one variable, name included, less some room for the name.
        const MOST: usize = 128 * 1024 - 512;
        if value.contains('\0') {
            self.error(at, "a value in an environment cannot hold a NUL character");
        } else if value.len() > MOST {
            self.error(at, "a value in an environment takes at most 127 KiB")
                .help("put it into a file of the repository and read it from there");
        }
    }

    fn flat(&mut self, node: &Node) -> Option<String> {
        match &node.value {
            Value::Scalar(scalar) if scalar.is_null() => Some(String::new()),
            Value::Scalar(scalar) => Some(self.substituted(&scalar.text, node.span)),
            Value::List(items) if items.iter().all(|item| matches!(item.value, Value::Scalar(_))) => {
                let texts: Vec<String> = items.iter().filter_map(|item| self.flat(item)).collect();
                Some(texts.join(","))
            }
            Value::List(_) | Value::Map(_) => self.json(node).map(|json| json.to_string()),
        }
    }

    fn json(&mut self, node: &Node) -> Option<Json> {
        match &node.value {
            Value::Scalar(scalar) => Some(self.json_scalar(scalar, node)),
            Value::List(items) => {
                let items: Vec<Option<Json>> = items.iter().map(|item| self.json(item)).collect();
                items.into_iter().collect::<Option<Vec<Json>>>().map(Json::Array)
            }
            Value::Map(entries) => {
                if let Some(entry) = entries.iter().find(|entry| entry.key == "from_secret") {
                    self.error(entry.key_span, "secrets come with a later version")
                        .help("pass a value that is no secret, or remove it");
                    return None;
                }
                let entries: Vec<Option<(String, Json)>> =
                    entries.iter().map(|entry| Some((entry.key.clone(), self.json(&entry.value)?))).collect();
                entries.into_iter().collect::<Option<serde_json::Map<String, Json>>>().map(Json::Object)
            }
        }
    }

    fn json_scalar(&mut self, scalar: &Scalar, node: &Node) -> Json {
        if scalar.is_null() {
            return Json::Null;
        }
        if scalar.plain {
            match scalar.text.as_str() {
                "true" | "True" | "TRUE" => return Json::Bool(true),
                "false" | "False" | "FALSE" => return Json::Bool(false),
                text => {
                    if let Ok(Json::Number(number)) = serde_json::from_str::<Json>(text) {
                        return Json::Number(number);
                    }
                }
            }
        }
        Json::String(self.substituted(&scalar.text, node.span))
    }
}
