//! In which order the steps of a job run: names -> positions.

use std::collections::HashMap;

use super::graph;
use crate::{
    diagnostic::Span,
    report::Report,
    suggest::did_you_mean,
    syntax::{Role, Step},
};

/// A step that stays, with its position among all that the file has in its role.
#[derive(Clone, Copy)]
pub(super) struct Kept<'w> {
    pub(super) step: &'w Step,
    pub(super) role: Role,
}

/// Checks names and `depends_on` of all steps, filtered ones too: a mistake is one whatever the trigger.
pub(super) fn check(
    clones: &[&Step],
    services: &[&Step],
    steps: &[&Step],
    built_in: Option<&str>,
    report: &mut Report,
) {
    let mut seen: HashMap<&str, Span> = HashMap::new();
    for step in clones.iter().chain(services).chain(steps) {
        let name = step.name.value.as_str();
        if built_in == Some(name) {
            report
                .error(step.name.span, format!("the name `{name}` is that of the checkout"))
                .help("rename the step, or add `skip_clone: true`");
        } else if let Some(first) = seen.insert(name, step.name.span) {
            // Of what is in two files the compose file is told, which names what it is about.
            let (first, second) = if is_composed(step) { (first, step.name.span) } else { (step.name.span, first) };
            if first.file == second.file {
                let (first, second) = if first.start < second.start { (first, second) } else { (second, first) };
                report
                    .error(second, format!("a second step is named `{name}`"))
                    .help(format!("the first is on line {}; rename one of them", first.line));
            } else {
                report
                    .error(second, format!("the pipeline has a `{name}` of its own, on line {}", first.line))
                    .help("rename one of them, or name the services to take: `services_from: {file: …, only: […]}`");
            }
        }
    }
    let places: HashMap<&str, usize> =
        steps.iter().enumerate().map(|(place, step)| (step.name.value.as_str(), place)).collect();
    let mut edges = vec![Vec::new(); steps.len()];
    for (place, step) in steps.iter().enumerate() {
        for need in step.depends_on.iter().flatten() {
            let name = need.name.value.as_str();
            match places.get(name) {
                Some(other) => edges[place].push(*other),
                None if need.optional => {}
                None => {
                    let message = format!("step `{}` depends on unknown step `{name}`", step.name.value);
                    let found = report.error(need.name.span, message);
                    if built_in == Some(name) || seen.contains_key(name) {
                        found.help("checkout and services come before every step anyway: remove it");
                    } else if let Some(near) =
                        did_you_mean(name, places.keys().copied().filter(|other| *other != step.name.value))
                    {
                        found.help(near);
                    }
                }
            }
        }
    }
    if let Some(cycle) = graph::cycle(&edges) {
        let name = |place: usize| steps[place].name.value.clone();
        report
            .error(steps[cycle[0]].name.span, format!("the steps wait for each other: {}", graph::named(&cycle, name)))
            .help("remove one of these from `depends_on`");
    }
}

/// The needs of what stays, by position. `offset` is the number of built-in steps before the first.
pub(super) fn needs(kept: &[Kept<'_>], all: &[&Step], offset: usize, report: &mut Report) -> Vec<Vec<usize>> {
    let positions = |role: Role| -> Vec<usize> {
        kept.iter().enumerate().filter(|(_, kept)| kept.role == role).map(|(at, _)| at + offset).collect()
    };
    let (clones, services, steps) = (positions(Role::Clone), positions(Role::Service), positions(Role::Step));
    let checkout: Vec<usize> = clones.last().copied().or_else(|| (offset > 0).then_some(0)).into_iter().collect();
    let roots: Vec<usize> = checkout.iter().chain(&services).copied().collect();
    let by_name: HashMap<&str, usize> =
        steps.iter().map(|at| (kept[at - offset].step.name.value.as_str(), *at)).collect();
    let by_service: HashMap<&str, usize> =
        services.iter().map(|at| (kept[at - offset].step.name.value.as_str(), *at)).collect();
    // The file as written decides, so that a filter does not turn a chain into a crowd.
    let is_graph = all.iter().any(|step| step.depends_on.is_some());
    let before = |list: &[usize], at: usize| {
        let place = list.iter().position(|other| *other == at).unwrap_or(0);
        place.checked_sub(1).map(|place| list[place])
    };
    kept.iter()
        .enumerate()
        .map(|(index, kept)| {
            let at = index + offset;
            match kept.role {
                Role::Clone => before(&clones, at).or_else(|| (offset > 0).then_some(0)).into_iter().collect(),
                Role::Service => checkout.iter().copied().chain(services_before(kept.step, &by_service)).collect(),
                Role::Step if is_graph => {
                    let needs = named_needs(kept.step, &by_name, all, report);
                    if needs.is_empty() { roots.clone() } else { needs }
                }
                Role::Step => before(&steps, at).map_or_else(|| roots.clone(), |before| vec![before]),
            }
        })
        .collect()
}

fn is_composed(step: &Step) -> bool {
    step.composed.is_some()
}

/// The services that one of a compose file waits for.
fn services_before(step: &Step, by_name: &HashMap<&str, usize>) -> Vec<usize> {
    let names = step.composed.iter().flat_map(|composed| &composed.needs);
    let mut before: Vec<usize> = names.filter_map(|name| by_name.get(name.as_str()).copied()).collect();
    before.sort_unstable();
    before
}

fn named_needs(step: &Step, by_name: &HashMap<&str, usize>, all: &[&Step], report: &mut Report) -> Vec<usize> {
    let mut needs = Vec::new();
    for need in step.depends_on.iter().flatten() {
        let name = need.name.value.as_str();
        match by_name.get(name) {
            Some(at) => needs.push(*at),
            // Unknown names are said by `check`.
            None if !need.optional && all.iter().any(|other| other.name.value == name) => {
                report
                    .error(
                        need.name.span,
                        format!("step `{}` depends on `{name}`, which its `when` leaves out here", step.name.value),
                    )
                    .help(format!("write `{{name: {name}, optional: true}}`, or give both the same `when`"));
            }
            None => {}
        }
    }
    needs.sort_unstable();
    needs.dedup();
    needs
}
