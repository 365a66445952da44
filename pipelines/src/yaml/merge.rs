//! Merge keys: `<<: *map`, `<<: [*a, *b]`, and Woodpecker's merge of lists, `- <<: *list`.

use std::collections::HashSet;

use super::node::{Entry, Node, Value};
use crate::report::Report;

/// Puts the merged maps of `<<` keys into the map; what the map itself says wins, then what is merged first.
pub(super) fn merge_maps(entries: Vec<Entry>, report: &mut Report) -> Vec<Entry> {
    if !entries.iter().any(|entry| entry.merges) {
        return entries;
    }
    let mut taken: HashSet<String> =
        entries.iter().filter(|entry| !entry.merges).map(|entry| entry.key.clone()).collect();
    let mut merged = Vec::with_capacity(entries.len());
    for entry in entries {
        if !entry.merges {
            merged.push(entry);
            continue;
        }
        let sources = match entry.value.value {
            Value::List(items) => items,
            Value::Map(_) | Value::Scalar(_) => vec![entry.value],
        };
        for source in sources {
            let kind = source.kind();
            let Value::Map(additions) = source.value else {
                report
                    .error(source.span, format!("`<<` merges maps, this is {kind}"))
                    .help("write `<<: *anchor`, where the anchor is on a map");
                continue;
            };
            merged.extend(additions.into_iter().filter(|addition| taken.insert(addition.key.clone())));
        }
    }
    merged
}

/// The items that a list item of the form `- <<: *list` or `- <<: [*list, *list]` stands for; the item itself otherwise.
/// Called before the map's own merge, since a merged list is no error there.
pub(super) fn merged_list(entries: &mut Vec<Entry>) -> Option<Vec<Node>> {
    let [entry] = entries.as_mut_slice() else { return None };
    if !entry.merges {
        return None;
    }
    let is_alias = entry.value.is_alias;
    let Value::List(items) = &mut entry.value.value else { return None };
    if is_alias {
        return Some(std::mem::take(items));
    }
    if items.is_empty() || !items.iter().all(|item| matches!(item.value, Value::List(_))) {
        return None;
    }
    let lists = std::mem::take(items);
    Some(
        lists
            .into_iter()
            .flat_map(|list| match list.value {
                Value::List(items) => items,
                Value::Map(_) | Value::Scalar(_) => Vec::new(),
            })
            .collect(),
    )
}
