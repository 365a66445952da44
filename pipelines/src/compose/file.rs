//! A compose file, read: which of its services start, and what they share.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    choose::{Choice, choose},
    env_file,
    extends::extended,
    keys,
    wanted::{Wanted, beside, own, wanted},
};
use crate::{
    diagnostic::Span,
    flavour::Flavour,
    include::Included,
    report::Report,
    yaml::{self, Entry, Node, Value},
};

/// The services that a workflow takes from a compose file.
#[derive(Debug)]
pub(crate) struct Compose {
    /// All of them, with what they extend.
    services: Vec<Entry>,
    pub(super) choice: Choice,
    /// Folder of the file, relative to the checkout; empty for the checkout itself.
    pub(super) folder: String,
    /// What `.env` beside it says.
    pub(super) variables: BTreeMap<String, String>,
    /// Files that services name as `env_file`, each with its number in the report; missing ones are not there.
    pub(super) env_files: BTreeMap<String, (u16, String)>,
    /// Names of the file's volumes.
    pub(super) volumes: BTreeSet<String>,
}

/// Largest file of variables, in bytes.
const MOST_BYTES: usize = 256 * 1024;

fn too_large(path: &str, at: Span, report: &mut Report) {
    report
        .error(at, format!("`{path}` has more than {} KiB", MOST_BYTES / 1024))
        .help("put into it only what is a variable");
}

/// The folder of a file.
pub(super) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

impl Compose {
    /// The services that a workflow asks for. Mistakes are in the report.
    pub(crate) fn read(root: &Node, included: &Included, flavour: Flavour, report: &mut Report) -> Option<Self> {
        let Wanted { path, span, only } = wanted(root, flavour, report)?;
        let text = match included.get(&own(&path)) {
            Some(Ok(bytes)) => bytes,
            Some(Err(why)) => {
                report.error(span, format!("the services of `{path}` cannot be read: {why}"));
                return None;
            }
            None => {
                report.error(span, format!("the services of `{path}` cannot be read here: nobody fetched it"));
                return None;
            }
        };
        let number = report.include(path.clone());
        let file = yaml::read(text, number, report)?;
        if !keys::check(&file, &keys::FILE, "a compose file", report) {
            return None;
        }
        let services = match file.given("services").map(|node| &node.value) {
            Some(Value::Map(services)) if !services.is_empty() => services.as_slice(),
            _ => {
                let at = file.key_span("services").unwrap_or(Span::top(number));
                report
                    .error(at, "the compose file has no `services`")
                    .help("add at least one, or remove `services_from`");
                return None;
            }
        };
        let services = extended(services, report);
        let choice = choose(&services, only.as_deref(), span, report);
        let folder = folder_of(&path).to_owned();
        let mut env_files = BTreeMap::new();
        for entry in services.iter().filter(|entry| choice.needs.contains_key(&entry.key)) {
            for wanted in env_file::paths(&entry.value, &folder, report) {
                match included.get(&own(&wanted.path)) {
                    Some(Ok(bytes)) if bytes.len() > MOST_BYTES => too_large(&wanted.path, wanted.span, report),
                    Some(Ok(bytes)) => {
                        let number = report.include(wanted.path.clone());
                        env_files.insert(wanted.path, (number, String::from_utf8_lossy(bytes).into_owned()));
                    }
                    Some(Err(_)) | None if wanted.optional => {}
                    Some(Err(why)) => {
                        report.error(wanted.span, format!("`{}` cannot be read: {why}", wanted.path));
                    }
                    None => {
                        report.error(wanted.span, format!("`{}` cannot be read here: nobody fetched it", wanted.path));
                    }
                }
            }
        }
        let variables = match included.get(&own(&beside(&path, ".env"))) {
            Some(Ok(bytes)) if bytes.len() > MOST_BYTES => {
                too_large(&beside(&path, ".env"), span, report);
                return None;
            }
            Some(Ok(bytes)) => env_file::plain(&String::from_utf8_lossy(bytes)),
            Some(Err(_)) | None => BTreeMap::new(),
        };
        let volumes = volumes(&file, report);
        networks(&file, report);
        Some(Self { choice, folder, variables, env_files, volumes, services })
    }

    /// The services that start, in the order of the file.
    pub(crate) fn services(&self) -> impl Iterator<Item = &Entry> {
        self.services.iter().filter(|entry| self.choice.needs.contains_key(&entry.key))
    }

    /// The others, each with why it does not start.
    pub(crate) fn left_out(&self) -> &[(String, String)] {
        &self.choice.left_out
    }
}

/// The names of the file's volumes; each is one of the job.
fn volumes(file: &Node, report: &mut Report) -> BTreeSet<String> {
    let Some(section) = file.given("volumes") else { return BTreeSet::new() };
    let Value::Map(entries) = &section.value else {
        report.error(section.span, format!("`volumes` takes a map, this is {}", section.kind()));
        return BTreeSet::new();
    };
    for entry in entries.iter().filter(|entry| !entry.value.is_null()) {
        let what = format!("volume `{}`", entry.key);
        if !keys::check(&entry.value, &keys::VOLUME, &what, report) {
            continue;
        }
        let is = |key: &str| match entry.value.given(key).map(|node| &node.value) {
            Some(Value::Scalar(scalar)) => Some(scalar),
            _ => None,
        };
        if let Some(at) =
            entry.value.key_span("external").filter(|_| is("external").and_then(|it| it.as_bool()) != Some(false))
        {
            report
                .error(at, format!("{what} is one of the machine, and a job has only its own"))
                .help("remove `external`, and let a step or the image fill the volume");
        }
        if let Some(at) = entry.value.key_span("driver").filter(|_| is("driver").is_none_or(|it| it.text != "local")) {
            report.error(at, format!("`driver` of {what} cannot be honoured in a job")).help("remove it");
        }
    }
    entries.iter().map(|entry| entry.key.clone()).collect()
}

/// All services are on the job's network, whatever the file's networks are.
fn networks(file: &Node, report: &mut Report) {
    let Some(section) = file.given("networks") else { return };
    let Value::Map(entries) = &section.value else {
        report.error(section.span, format!("`networks` takes a map, this is {}", section.kind()));
        return;
    };
    for entry in entries {
        for key in entry.value.entries().iter().filter(|key| key.key != "name" && key.key != "driver") {
            report.warning(
                key.key_span,
                format!(
                    "`{}` of network `{}` has no effect: all services are on the network of the job",
                    key.key, entry.key
                ),
            );
        }
    }
}
