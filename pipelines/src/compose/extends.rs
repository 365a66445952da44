//! `extends`: a service over another one of the same file.

use crate::{
    diagnostic::Span,
    report::Report,
    suggest::did_you_mean,
    yaml::{Budget, Entry, Node, Scalar, Value},
};

/// Deepest chain.
const MOST_DEEP: usize = 8;
/// Lists that are put together; of all others the own one counts.
const LISTS: [&str; 11] = [
    "devices",
    "dns",
    "dns_search",
    "env_file",
    "environment",
    "expose",
    "extra_hosts",
    "links",
    "security_opt",
    "tmpfs",
    "volumes",
];

/// The services of a file, each over what it extends. Mistakes are in the report.
pub(super) fn extended(services: &[Entry], report: &mut Report) -> Vec<Entry> {
    let mut budget = Budget::default();
    let mut done = Vec::with_capacity(services.len());
    for entry in services {
        let value = match entry.value.given("extends") {
            None => entry.value.clone(),
            Some(extends) => {
                let merged = whole(entry, services, &mut Vec::new(), report);
                if !budget.spend(&merged) {
                    report
                        .error(extends.span, "the services that extend others hold too many values or too much text")
                        .help("write fewer of them, or share less");
                    return done;
                }
                merged
            }
        };
        done.push(Entry { key: entry.key.clone(), value, ..*entry });
    }
    done
}

/// A service with all that it extends under it.
fn whole<'n>(entry: &'n Entry, services: &'n [Entry], way: &mut Vec<&'n str>, report: &mut Report) -> Node {
    let own = without(&entry.value, "extends");
    let Some(extends) = entry.value.given("extends") else { return own };
    let Some((name, at)) = base_of(extends, &entry.key, report) else { return own };
    way.push(&entry.key);
    if way.contains(&name) || way.len() > MOST_DEEP {
        let words: Vec<String> = way.iter().chain([&name]).map(|name| format!("`{name}`")).collect();
        let why = if way.contains(&name) { "itself" } else { "too many others" };
        report.error(at, format!("service `{}` extends {why}: {}", way[0], words.join(" -> ")));
        return own;
    }
    let Some(base) = services.iter().find(|other| other.key == name) else {
        let found = report.error(at, format!("service `{}` extends the unknown service `{name}`", entry.key));
        if let Some(near) = did_you_mean(name, services.iter().map(|other| other.key.as_str())) {
            found.help(near);
        }
        return own;
    };
    over(whole(base, services, way, report), own, "")
}

/// The name of what is extended.
fn base_of<'n>(extends: &'n Node, service: &str, report: &mut Report) -> Option<(&'n str, Span)> {
    let name = match &extends.value {
        Value::Map(_) => {
            if let Some(file) = extends.key_span("file") {
                report
                    .error(file, format!("service `{service}` extends one of another file"))
                    .help("write it into this file");
                return None;
            }
            extends.given("service")
        }
        Value::Scalar(_) | Value::List(_) => Some(extends),
    };
    match name.map(|node| (&node.value, node.span)) {
        Some((Value::Scalar(scalar), span)) if !scalar.is_null() => Some((&scalar.text, span)),
        _ => {
            report
                .error(extends.span, format!("`extends` of service `{service}` names no service"))
                .help("write `extends: {service: name}`");
            None
        }
    }
}

fn without(node: &Node, key: &str) -> Node {
    let value = match &node.value {
        Value::Map(entries) => Value::Map(entries.iter().filter(|entry| entry.key != key).cloned().collect()),
        value => value.clone(),
    };
    Node { value, ..*node }
}

/// `own` over `base`: maps key by key, some lists one behind the other.
fn over(base: Node, own: Node, key: &str) -> Node {
    let Node { span, is_alias, .. } = own;
    let value = match (base.value, own.value) {
        (base, Value::Scalar(scalar)) if scalar.is_null() => base,
        (Value::Map(base), Value::Map(own)) => {
            let mut merged = base;
            for entry in own {
                match merged.iter().position(|other| other.key == entry.key) {
                    Some(at) => {
                        let under = std::mem::replace(&mut merged[at].value, nothing(span));
                        merged[at] = Entry { value: over(under, entry.value, &merged[at].key), ..entry };
                    }
                    None => merged.push(entry),
                }
            }
            Value::Map(merged)
        }
        (base, own) if LISTS.contains(&key) => {
            let (base, own) = (listed(base, span), listed(own, span));
            let places: Vec<Option<String>> = own.iter().map(|item| place(item, key)).collect();
            let is_kept = |item: &Node| place(item, key).is_none_or(|place| !places.contains(&Some(place)));
            Value::List(base.into_iter().filter(is_kept).chain(own).collect())
        }
        (_, own) => own,
    };
    Node { span, value, is_alias }
}

fn nothing(span: Span) -> Node {
    Node { span, value: Value::Scalar(Scalar { text: String::new(), plain: true }), is_alias: false }
}

/// One value, or a map of names, as a list.
fn listed(value: Value, span: Span) -> Vec<Node> {
    let text = |text: String, span| Node { span, value: Value::Scalar(Scalar { text, plain: false }), is_alias: false };
    match value {
        Value::List(items) => items,
        Value::Map(entries) => entries
            .into_iter()
            .map(|entry| match entry.value.value {
                Value::Scalar(scalar) if scalar.is_null() => text(entry.key, entry.key_span),
                Value::Scalar(scalar) => text(format!("{}={}", entry.key, scalar.text), entry.key_span),
                _ => entry.value,
            })
            .collect(),
        value @ Value::Scalar(_) => vec![Node { span, value, is_alias: false }],
    }
}

/// Where a volume is mounted: two of the same place do not go together.
fn place(item: &Node, key: &str) -> Option<String> {
    if key != "volumes" {
        return None;
    }
    let place = match &item.value {
        Value::Scalar(scalar) => scalar.text.split(':').nth(1).unwrap_or(&scalar.text),
        Value::Map(_) => match &item.get("target")?.value {
            Value::Scalar(scalar) => &scalar.text,
            _ => return None,
        },
        Value::List(_) => return None,
    };
    Some(place.trim_end_matches('/').to_owned())
}
