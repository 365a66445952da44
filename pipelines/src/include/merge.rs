//! Two files -> one: what is included comes under what includes it.

use std::collections::HashMap;

use crate::yaml::{Entry, Node, Scalar, Value};

/// Sections whose keys are the user's: both files' are kept.
const SHARED: [&str; 5] = ["variables", "labels", "parameters", "workspace", "matrix"];
/// Sections of named items: both files' are kept, in a common order.
const ITEMS: [&str; 2] = ["steps", "services"];
/// Keys that are about a file itself.
const OWN: [&str; 2] = ["include", "$schema"];

/// Puts a file over what it includes. Nothing of its own is lost. Both are maps; else `own` stands alone.
pub(super) fn merge(base: Node, own: Node) -> Node {
    let (span, is_alias) = (own.span, own.is_alias);
    let value = match (base.value, own.value) {
        (Value::Map(base), Value::Map(own)) => Value::Map(files(base, own)),
        (_, own) => own,
    };
    Node { span, value, is_alias }
}

fn files(base: Vec<Entry>, own: Vec<Entry>) -> Vec<Entry> {
    let mut base: Vec<Option<Entry>> =
        base.into_iter().filter(|entry| !OWN.contains(&entry.key.as_str())).map(Some).collect();
    let places: HashMap<String, usize> =
        base.iter().flatten().enumerate().map(|(place, entry)| (entry.key.clone(), place)).collect();
    let mut merged: Vec<Entry> = own
        .into_iter()
        .map(|entry| match places.get(&entry.key).and_then(|place| base[*place].take()) {
            Some(under) => Entry { value: sections(&entry.key, under.value, entry.value), ..entry },
            None => entry,
        })
        .collect();
    merged.extend(base.into_iter().flatten());
    merged
}

fn sections(key: &str, base: Node, own: Node) -> Node {
    let (span, is_alias) = (own.span, own.is_alias);
    let value = match (base.value, own.value) {
        (Value::Map(base), Value::Map(own)) if SHARED.contains(&key) || ITEMS.contains(&key) => {
            Value::Map(over(base, own, |entry| Some(entry.key.clone())))
        }
        (base, own) if ITEMS.contains(&key) && !is_scalar(&base) && !is_scalar(&own) => {
            Value::List(over(listed(base), listed(own), |item| item.get("name").and_then(name)))
        }
        (_, own) => own,
    };
    Node { span, value, is_alias }
}

/// `base`, with what `own` has under the same name in its place, and the rest of `own` behind.
fn over<T>(base: Vec<T>, own: Vec<T>, name: impl Fn(&T) -> Option<String>) -> Vec<T> {
    let mut places: HashMap<String, usize> = HashMap::new();
    for (place, item) in base.iter().enumerate() {
        if let Some(name) = name(item) {
            places.entry(name).or_insert(place);
        }
    }
    let mut merged = base;
    for item in own {
        // Each place is taken once, so that a name given twice is still seen to be.
        match name(&item).and_then(|name| places.remove(&name)) {
            Some(place) => merged[place] = item,
            None => merged.push(item),
        }
    }
    merged
}

/// A map of named items as a list of them.
fn listed(value: Value) -> Vec<Node> {
    match value {
        Value::List(items) => items,
        Value::Map(entries) => entries.into_iter().map(item).collect(),
        Value::Scalar(_) => Vec::new(),
    }
}

fn item(entry: Entry) -> Node {
    let mut node = entry.value;
    if let Value::Map(keys) = &mut node.value {
        let name = Value::Scalar(Scalar { text: entry.key, plain: false });
        let name = Node { span: entry.key_span, value: name, is_alias: false };
        keys.retain(|entry| entry.key != "name");
        keys.insert(0, Entry { key: "name".to_owned(), key_span: entry.key_span, merges: false, value: name });
    }
    node
}

fn name(node: &Node) -> Option<String> {
    match &node.value {
        Value::Scalar(scalar) if !scalar.is_null() => Some(scalar.text.clone()),
        _ => None,
    }
}

fn is_scalar(value: &Value) -> bool {
    matches!(value, Value::Scalar(_))
}
