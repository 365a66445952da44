//! Which services of a compose file start, and in which order.

use std::collections::{BTreeMap, BTreeSet};

use super::keys::{DEPENDENCY, check};
use crate::{
    compile::{MOST_STEPS, graph},
    diagnostic::Span,
    report::Report,
    suggest::did_you_mean,
    syntax::Spanned,
    yaml::{Entry, Node, Scalar, Value},
};

/// What a service waits for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Dependency {
    pub(super) name: Spanned<String>,
    pub(super) until: Until,
    /// Missing is fine.
    pub(super) optional: bool,
}

/// How far the other service must be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Until {
    Started,
    Healthy,
    /// It is run to its end.
    Completed,
}

/// The services that start.
#[derive(Debug, Default)]
pub(super) struct Choice {
    /// By name.
    pub(super) needs: BTreeMap<String, Vec<Dependency>>,
    /// Each with why not.
    pub(super) left_out: Vec<(String, String)>,
}

impl Choice {
    /// Whether some service waits for this one until then.
    pub(super) fn is_awaited(&self, name: &str, until: Until) -> bool {
        self.needs.values().flatten().any(|need| need.name.value == name && need.until == until)
    }
}

/// Chooses among all services of a file: those in `only`, else those without `profiles`, and what they depend on. `at` is where they
/// are asked for.
pub(super) fn choose(services: &[Entry], only: Option<&[Spanned<String>]>, at: Span, report: &mut Report) -> Choice {
    let by_name: BTreeMap<&str, &Entry> = services.iter().map(|entry| (entry.key.as_str(), entry)).collect();
    let mut waiting: Vec<&str> = Vec::new();
    match only {
        Some(names) => {
            for name in names {
                match by_name.get_key_value(name.value.as_str()) {
                    Some((name, _)) => waiting.push(name),
                    None => unknown(name, by_name.keys().copied(), "the compose file has no service", report),
                }
            }
        }
        None => waiting.extend(services.iter().filter(|entry| !has_profiles(&entry.value)).map(|entry| &*entry.key)),
    }
    let mut choice = Choice::default();
    while let Some(name) = waiting.pop() {
        if choice.needs.contains_key(name) {
            continue;
        }
        let Some(entry) = by_name.get(name) else { continue };
        let mut needs = dependencies(&entry.value, report);
        needs.retain(|need| match by_name.get_key_value(need.name.value.as_str()) {
            Some((name, _)) => {
                waiting.push(name);
                true
            }
            None if need.optional => false,
            None => {
                let message = format!("service `{name}` depends on the unknown service");
                unknown(&need.name, by_name.keys().copied(), &message, report);
                false
            }
        });
        choice.needs.insert(name.to_owned(), needs);
    }
    if choice.needs.len() > MOST_STEPS {
        let count = choice.needs.len();
        report
            .error(at, format!("{count} services of the compose file would start, and {MOST_STEPS} is the most"))
            .help("name those to take: `services_from: {file: …, only: […]}`");
        return Choice::default();
    }
    for entry in services.iter().filter(|entry| !choice.needs.contains_key(&entry.key)) {
        let why = match only {
            Some(_) => "`only` does not name it",
            None => "it has `profiles`, and `only` does not name it",
        };
        choice.left_out.push((entry.key.clone(), why.to_owned()));
    }
    check_order(services, &choice, report);
    choice
}

fn has_profiles(service: &Node) -> bool {
    match service.given("profiles").map(|node| &node.value) {
        None => false,
        Some(Value::List(items)) => !items.is_empty(),
        Some(Value::Scalar(_) | Value::Map(_)) => true,
    }
}

fn unknown<'t>(name: &Spanned<String>, all: impl Iterator<Item = &'t str>, message: &str, report: &mut Report) {
    let shown: String = name.value.chars().take(63).collect();
    let found = report.error(name.span, format!("{message} `{shown}`"));
    if let Some(near) = did_you_mean(&shown, all) {
        found.help(near);
    }
}

/// `depends_on` in both forms, and `links`, which come to the same.
fn dependencies(service: &Node, report: &mut Report) -> Vec<Dependency> {
    let mut found: Vec<Dependency> = Vec::new();
    let mut add = |name: &str, span: Span, until: Until, optional: bool| {
        if found.iter().all(|other| other.name.value != name) {
            found.push(Dependency { name: Spanned { value: name.to_owned(), span }, until, optional });
        }
    };
    match service.given("depends_on").map(|node| (&node.value, node)) {
        None => {}
        Some((Value::List(items), _)) => {
            for item in items {
                match name_of(item) {
                    Some(scalar) => add(&scalar.text, item.span, Until::Started, false),
                    None => wrong(item, "depends_on", "names of services", report),
                }
            }
        }
        Some((Value::Map(entries), _)) => {
            for entry in entries {
                let (until, optional) = condition(&entry.value, report);
                add(&entry.key, entry.key_span, until, optional);
            }
        }
        Some((Value::Scalar(_), node)) => wrong(node, "depends_on", "a list or a map of services", report),
    }
    if let Some(Value::List(items)) = service.given("links").map(|node| &node.value) {
        for item in items {
            if let Some(scalar) = name_of(item) {
                add(scalar.text.split(':').next().unwrap_or_default(), item.span, Until::Started, false);
            }
        }
    }
    found
}

fn condition(node: &Node, report: &mut Report) -> (Until, bool) {
    if node.is_null() {
        return (Until::Started, false);
    }
    if !check(node, &DEPENDENCY, "`depends_on`", report) {
        return (Until::Started, false);
    }
    let required = match node.given("required").map(|node| &node.value) {
        Some(Value::Scalar(scalar)) => scalar.as_bool().unwrap_or(true),
        _ => true,
    };
    let Some(condition) = node.given("condition") else { return (Until::Started, !required) };
    let until = match name_of(condition).map(|scalar| scalar.text.as_str()) {
        Some("service_started") => Until::Started,
        Some("service_healthy") => Until::Healthy,
        Some("service_completed_successfully") => Until::Completed,
        _ => {
            report
                .error(condition.span, "this is no `condition`")
                .help("write `service_started`, `service_healthy` or `service_completed_successfully`");
            Until::Started
        }
    };
    (until, !required)
}

fn name_of(node: &Node) -> Option<&Scalar> {
    match &node.value {
        Value::Scalar(scalar) if !scalar.is_null() => Some(scalar),
        _ => None,
    }
}

fn wrong(node: &Node, what: &str, wanted: &str, report: &mut Report) {
    report.error(node.span, format!("`{what}` takes {wanted}, this is {}", node.kind()));
}

fn check_order(services: &[Entry], choice: &Choice, report: &mut Report) {
    let names: Vec<&str> = choice.needs.keys().map(String::as_str).collect();
    let place = |name: &str| names.iter().position(|other| *other == name);
    let edges: Vec<Vec<usize>> =
        choice.needs.values().map(|needs| needs.iter().filter_map(|need| place(&need.name.value)).collect()).collect();
    if let Some(cycle) = graph::cycle(&edges) {
        let on_it: BTreeSet<&str> = cycle.iter().map(|place| names[*place]).collect();
        let at = services.iter().find(|entry| on_it.contains(entry.key.as_str())).map(|entry| entry.key_span);
        let words = graph::named(&cycle, |place| names[place].to_owned());
        report
            .error(at, format!("the services wait for each other: {words}"))
            .help("remove one of these from `depends_on`");
    }
}
