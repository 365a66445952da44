//! Values of variables: text, or text with secrets in it.

use serde_json::Value as Json;

use super::{
    keys,
    reader::{Reader, Spanned},
};
use crate::{
    plan::SecretPart,
    yaml::{Entry, Node, Scalar, Value},
};

/// Longest name of a secret.
const LONGEST: usize = 128;

/// A variable's value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Told {
    Text(String),
    /// With at least one secret.
    Parts(Vec<SecretPart>),
}

/// Gathers parts; texts beside each other become one.
#[derive(Default)]
struct Parts(Vec<SecretPart>);

impl Parts {
    fn text(&mut self, text: &str) {
        match self.0.last_mut() {
            Some(SecretPart::Text(last)) => last.push_str(text),
            _ => self.0.push(SecretPart::Text(text.to_owned())),
        }
    }

    fn finish(mut self) -> Told {
        match self.0.as_mut_slice() {
            [] => Told::Text(String::new()),
            [SecretPart::Text(text)] => Told::Text(std::mem::take(text)),
            _ => Told::Parts(self.0),
        }
    }
}

impl Reader<'_> {
    /// The value of a variable. `None` when it is wrong, which was said.
    pub(super) fn told(&mut self, node: &Node) -> Option<Told> {
        match &node.value {
            Value::Scalar(scalar) if scalar.is_null() => Some(Told::Text(String::new())),
            Value::Scalar(scalar) => Some(Told::Text(self.substituted(&scalar.text, node.span))),
            Value::Map(entries) if secret_of(entries).is_some() => {
                self.secret(entries).map(|name| Told::Parts(vec![SecretPart::Secret(name)]))
            }
            Value::List(items) if items.iter().all(is_flat) => {
                let mut parts = Parts::default();
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        parts.text(",");
                    }
                    match self.told(item)? {
                        Told::Text(text) => parts.text(&text),
                        Told::Parts(more) => parts.0.extend(more),
                    }
                }
                Some(parts.finish())
            }
            Value::List(_) | Value::Map(_) => {
                let mut parts = Parts::default();
                self.json(node, &mut parts)?;
                Some(parts.finish())
            }
        }
    }

    /// Writes JSON, the keys of maps in order.
    fn json(&mut self, node: &Node, to: &mut Parts) -> Option<()> {
        match &node.value {
            Value::Scalar(scalar) => to.text(&self.json_scalar(scalar, node).to_string()),
            Value::List(items) => {
                to.text("[");
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        to.text(",");
                    }
                    self.json(item, to)?;
                }
                to.text("]");
            }
            Value::Map(entries) if secret_of(entries).is_some() => to.0.push(SecretPart::Json(self.secret(entries)?)),
            Value::Map(entries) => {
                let mut sorted: Vec<&Entry> = entries.iter().collect();
                sorted.sort_by(|a, b| a.key.cmp(&b.key));
                to.text("{");
                for (at, entry) in sorted.into_iter().enumerate() {
                    if at > 0 {
                        to.text(",");
                    }
                    to.text(&Json::from(entry.key.as_str()).to_string());
                    to.text(":");
                    self.json(&entry.value, to)?;
                }
                to.text("}");
            }
        }
        Some(())
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

    /// The name of the secret that a map stands for, in lower case. `${…}` in it is never replaced, so that nobody outside chooses
    /// which secret a step gets.
    fn secret(&mut self, entries: &[Entry]) -> Option<String> {
        let entry = secret_of(entries)?;
        if let Some(other) = entries.iter().find(|other| other.key != entry.key) {
            self.error(other.key_span, format!("`{}` has no place beside `from_secret`", other.key))
                .help("a value is either a secret or not; make it one variable more");
            return None;
        }
        let name = self.raw_text(&entry.value, keys::FROM_SECRET.name)?;
        self.secret_named(&name)
    }

    /// The same for a name that stands alone.
    pub(super) fn secret_named(&mut self, name: &Spanned<String>) -> Option<String> {
        let is_name = (1..=LONGEST).contains(&name.value.len())
            && name.value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
        if !is_name {
            let shown: String = name.value.chars().take(40).collect();
            let found = self.error(name.span, format!("`{shown}` is not a name of a secret"));
            if shown.contains("${") {
                found.help("the name of a secret is not replaced: write it out");
            } else {
                found.help("use letters, digits, `_`, `-` and `.`");
            }
            return None;
        }
        let value = name.value.to_lowercase();
        self.asks.push(Spanned { value: value.clone(), span: name.span });
        Some(value)
    }
}

fn secret_of(entries: &[Entry]) -> Option<&Entry> {
    entries.iter().find(|entry| entry.key == "from_secret")
}

/// Whether an item keeps a list a list of texts.
fn is_flat(item: &Node) -> bool {
    match &item.value {
        Value::Scalar(_) => true,
        Value::Map(entries) => secret_of(entries).is_some(),
        Value::List(_) => false,
    }
}
