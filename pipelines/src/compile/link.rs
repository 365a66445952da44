//! Workflows that depend on each other: names -> positions of jobs.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{CompiledJob, LeftOut, file::Drafts, graph};
use crate::{flavour::workflow_name, report::Report, suggest::did_you_mean};

/// The jobs of all files, needs linked. Mistakes are in the files' reports.
pub(super) fn link(paths: &[&str], mut files: Vec<Drafts>, reports: &mut [Report]) -> (Vec<CompiledJob>, Vec<LeftOut>) {
    let names: Vec<&str> = paths.iter().map(|path| workflow_name(path)).collect();
    check_names(&names, paths, reports);
    check_needs(&names, &files, reports);
    check_takes(&names, &files, reports);
    let mut left_out: Vec<LeftOut> = files.iter_mut().flat_map(|file| std::mem::take(&mut file.left_out)).collect();
    drop_dependents(&names, &mut files, &mut left_out);

    let mut positions: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut count = 0;
    for (name, file) in names.iter().zip(&files) {
        positions.insert(name, (count..count + file.jobs.len()).collect());
        count += file.jobs.len();
    }
    let mut jobs = Vec::with_capacity(count);
    for draft in files.into_iter().flat_map(|file| file.jobs) {
        let mut job = draft.job;
        let needs = draft.depends_on.iter().filter_map(|need| positions.get(need.name.value.as_str()));
        job.needs = needs.flatten().copied().collect();
        job.needs.sort_unstable();
        job.needs.dedup();
        jobs.push(job);
    }
    (jobs, left_out)
}

fn check_names(names: &[&str], paths: &[&str], reports: &mut [Report]) {
    let mut first: HashMap<&str, usize> = HashMap::new();
    for (file, name) in names.iter().enumerate() {
        if let Some(other) = first.insert(name, file) {
            reports[file]
                .error(None, format!("a second file defines the workflow `{name}`"))
                .help(format!("the first is `{}`; rename one of them", paths[other]));
        }
    }
}

fn check_needs(names: &[&str], files: &[Drafts], reports: &mut [Report]) {
    let places: BTreeMap<&str, usize> = names.iter().enumerate().map(|(file, name)| (*name, file)).collect();
    let mut edges = vec![Vec::new(); files.len()];
    for (file, drafts) in files.iter().enumerate() {
        for need in &drafts.depends_on {
            let name = need.name.value.as_str();
            match places.get(name) {
                Some(other) => edges[file].push(*other),
                None if need.optional => {}
                None => {
                    let message = format!("workflow `{}` depends on unknown workflow `{name}`", names[file]);
                    let found = reports[file].error(need.name.span, message);
                    if let Some(near) = did_you_mean(name, places.keys().copied()) {
                        found.help(near);
                    } else {
                        found.help("name a workflow file without its extension, or write `{name: …, optional: true}`");
                    }
                }
            }
        }
    }
    if let Some(cycle) = graph::cycle(&edges) {
        let at = files[cycle[0]].depends_on.first().map(|need| need.name.span);
        let words = graph::named(&cycle, |file| names[file].to_owned());
        reports[cycle[0]]
            .error(at, format!("the workflows wait for each other: {words}"))
            .help("remove one of these from `depends_on`");
    }
}

/// Artifacts come from workflows that are done by then, and those that keep some.
fn check_takes(names: &[&str], files: &[Drafts], reports: &mut [Report]) {
    let places: BTreeMap<&str, usize> = names.iter().enumerate().map(|(file, name)| (*name, file)).collect();
    let needs = |file: &Drafts| -> Vec<String> { file.depends_on.iter().map(|need| need.name.value.clone()).collect() };
    for (file, drafts) in files.iter().enumerate() {
        // All that it depends on, directly or not, missing optional ones included.
        let (mut before, mut open) = (HashSet::new(), needs(drafts));
        while let Some(name) = open.pop() {
            if before.insert(name.clone()) {
                open.extend(places.get(name.as_str()).map(|place| needs(&files[*place])).unwrap_or_default());
            }
        }
        for from in &drafts.takes {
            let name = from.value.as_str();
            match places.get(name) {
                Some(other) if *other == file => {
                    reports[file]
                        .error(from.span, format!("`artifacts_from` names its own workflow `{name}`"))
                        .help("steps of a workflow share the workspace: remove it");
                }
                Some(_) if !before.contains(name) => {
                    let message =
                        format!("workflow `{}` does not depend on `{name}`, whose artifacts it takes", names[file]);
                    reports[file].error(from.span, message).help(format!("add `{name}` to the file's `depends_on`"));
                }
                Some(other) if !files[*other].keeps => {
                    reports[file]
                        .warning(from.span, format!("no step of workflow `{name}` keeps artifacts"))
                        .help("add `artifacts` to the step that makes them");
                }
                None if !before.contains(name) => {
                    let found =
                        reports[file].error(from.span, format!("there is no workflow `{name}` to take artifacts from"));
                    found.help(
                        did_you_mean(name, places.keys().copied())
                            .unwrap_or_else(|| "name a workflow file without its extension".to_owned()),
                    );
                }
                Some(_) | None => {}
            }
        }
    }
}

/// What depends on a workflow that was left out is left out, too, and so on.
fn drop_dependents(names: &[&str], files: &mut [Drafts], left_out: &mut Vec<LeftOut>) {
    loop {
        let empty: HashSet<&str> =
            names.iter().zip(files.iter()).filter(|(_, file)| file.jobs.is_empty()).map(|(name, _)| *name).collect();
        let mut dropped = false;
        for file in files.iter_mut() {
            file.jobs.retain(|draft| {
                let missing =
                    draft.depends_on.iter().find(|need| !need.optional && empty.contains(need.name.value.as_str()));
                if let Some(need) = missing {
                    let what = format!("workflow `{}`", draft.job.name);
                    let why = format!("it depends on `{}`, which was left out", need.name.value);
                    left_out.push(LeftOut { what, why });
                    dropped = true;
                }
                missing.is_none()
            });
        }
        if !dropped {
            return;
        }
    }
}
