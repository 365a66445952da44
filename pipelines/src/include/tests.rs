use proptest::prelude::*;

use super::merge::merge;
use crate::{
    report::Report,
    yaml::{self, Node, Value},
};

fn node(text: &str) -> Node {
    let mut report = Report::new("x.yml");
    let node = yaml::read(text.as_bytes(), 0, &mut report);
    assert_eq!(report.finish(), [], "{text}");
    node.unwrap()
}

fn keys(node: &Node) -> Vec<&str> {
    node.entries().iter().map(|entry| entry.key.as_str()).collect()
}

/// The names of the items of a section, in order.
fn names(section: &Node) -> Vec<String> {
    match &section.value {
        Value::List(items) => items
            .iter()
            .filter_map(|item| match &item.get("name")?.value {
                Value::Scalar(scalar) => Some(scalar.text.clone()),
                _ => None,
            })
            .collect(),
        Value::Map(_) => keys(section).into_iter().map(str::to_owned).collect(),
        Value::Scalar(_) => Vec::new(),
    }
}

/// Names, once each, as a map or a list of steps; each has the file's mark.
fn section(mark: &'static str) -> impl Strategy<Value = String> {
    (proptest::collection::btree_set("[a-f]", 0..5), any::<bool>()).prop_map(move |(names, is_map)| {
        let item = |name: &String| match is_map {
            true => format!("{name}: {{image: {mark}}}"),
            false => format!("{{name: {name}, image: {mark}}}"),
        };
        let items = names.iter().map(item).collect::<Vec<_>>().join(", ");
        if is_map { format!("{{{items}}}") } else { format!("[{items}]") }
    })
}

fn file(mark: &'static str) -> impl Strategy<Value = String> {
    let labels = proptest::collection::btree_set("[a-f]", 0..5).prop_map(move |names| {
        let items = names.iter().map(|name| format!("{name}: {mark}")).collect::<Vec<_>>().join(", ");
        format!("{{{items}}}")
    });
    let other = prop_oneof![Just("steps: x\n"), Just("labels: \n"), Just("when: {a: b}\n"), Just("")];
    (section(mark), section(mark), labels, other, any::<[bool; 3]>()).prop_map(
        |(steps, services, labels, other, has)| {
            let mut text = String::from(other);
            for (key, value, has) in
                [("steps", steps, has[0]), ("services", services, has[1]), ("labels", labels, has[2])]
            {
                if has && !other.starts_with(key) {
                    text += &format!("{key}: {value}\n");
                }
            }
            text + "x: 1\n"
        },
    )
}

proptest! {
    /// A file keeps all that it says itself, gets all that it says nothing about, and keeps the order.
    #[test]
    fn nothing_of_a_file_is_lost(base in file("base"), own in file("own")) {
        let (base, own) = (node(&base), node(&own));
        let merged = merge(base.clone(), own.clone());
        for key in keys(&base).into_iter().chain(keys(&own)) {
            prop_assert_eq!(keys(&merged).iter().filter(|other| **other == key).count(), 1);
        }
        for key in ["steps", "services", "labels"] {
            let (Some(under), Some(over)) = (base.get(key), own.get(key)) else { continue };
            let result = merged.get(key).unwrap();
            if matches!(over.value, Value::Scalar(_)) {
                prop_assert!(matches!(result.value, Value::Scalar(_)));
                continue;
            }
            let (first, second) = (names(under), names(over));
            let mut wanted = first.clone();
            wanted.extend(second.iter().filter(|name| !first.contains(name)).cloned());
            prop_assert_eq!(names(result), wanted);
            let marks = format!("{result:?}").matches("\"own\"").count();
            prop_assert_eq!(marks, second.len());
        }
    }
}

#[test]
fn unnamed_and_doubled_items_are_kept() {
    let of = |base: &str, own: &str| {
        let merged = merge(node(&format!("steps: {base}")), node(&format!("steps: {own}")));
        match &merged.get("steps").unwrap().value {
            Value::List(items) => items.len(),
            _ => 0,
        }
    };
    assert_eq!(of("[{image: a}, {image: b}]", "[{image: c}]"), 3);
    // A name given twice stays so, for the reader to say.
    assert_eq!(of("[{name: a}, {name: a}]", "[{name: a}]"), 2);
    assert_eq!(of("[{name: a}]", "[{name: a}, {name: a}]"), 2);
    assert_eq!(of("{a: text, b: [x]}", "[c, [d]]"), 4);
}
