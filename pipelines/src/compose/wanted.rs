//! `services_from:`, decoded, and the files that it takes.

use std::collections::BTreeSet;

use super::{env_file, file::folder_of};
use crate::{
    diagnostic::Span,
    flavour::Flavour,
    include::{Included, Reference, path_in_repository},
    report::Report,
    syntax::{Spanned, keys, section},
    yaml::{self, Node, Value},
};

/// A `services_from:`.
pub(super) struct Wanted {
    /// Path of the compose file.
    pub(super) path: String,
    pub(super) span: Span,
    /// The services to start, with what they depend on; all without.
    pub(super) only: Option<Vec<Spanned<String>>>,
}

/// A file of the pipeline's own repository: also where an included file asks for it, since paths in it are those of the workspace.
pub(super) fn own(path: &str) -> Reference {
    Reference { repository: None, revision: None, path: path.to_owned() }
}

/// Adds what has to be fetched for the services of a file, as far as it is known by now.
pub(crate) fn missing(root: &Node, flavour: Flavour, included: &Included, missing: &mut BTreeSet<Reference>) {
    // Mistakes are said when the files are compiled.
    let mut report = Report::new("");
    let Some(wanted) = wanted(root, flavour, &mut report) else { return };
    let mut need = |path: &str| {
        if !included.contains_key(&own(path)) {
            missing.insert(own(path));
        }
    };
    need(&wanted.path);
    let Some(Ok(bytes)) = included.get(&own(&wanted.path)) else { return };
    need(&beside(&wanted.path, ".env"));
    let Some(file) = yaml::read(bytes, 0, &mut report) else { return };
    // What a service extends names files, too.
    for service in file.given("services").map(Node::entries).unwrap_or_default() {
        for path in env_file::paths(&service.value, folder_of(&wanted.path), &mut report) {
            need(&path.path);
        }
    }
}

/// A file in the same folder.
pub(super) fn beside(path: &str, name: &str) -> String {
    match folder_of(path) {
        "" => name.to_owned(),
        folder => format!("{folder}/{name}"),
    }
}

/// What a workflow asks for.
pub(super) fn wanted(root: &Node, flavour: Flavour, report: &mut Report) -> Option<Wanted> {
    let node = root.given("services_from")?;
    let (file, only) = match &node.value {
        Value::Scalar(_) => (node, None),
        Value::List(_) => {
            report
                .error(node.span, "`services_from` takes a path, or a map of `file` and `only`, this is a list")
                .help("services of one compose file can be taken");
            return None;
        }
        Value::Map(_) => {
            section(node, "`services_from`", &keys::SERVICES_FROM, flavour, report)?;
            let Some(file) = node.given("file") else {
                report
                    .error(node.span, "`services_from` has no `file`")
                    .help("add the path: `file: docker-compose.yml`");
                return None;
            };
            (file, node.given("only"))
        }
    };
    let path = text(file, "file", report)?;
    let path = match path_in_repository(&path.value) {
        Ok(path) => path,
        Err(why) => {
            report
                .error(file.span, format!("`{}` is no compose file: it {why}", path.value.escape_debug()))
                .help("write a path from the root of the repository, such as `docker-compose.yml`");
            return None;
        }
    };
    let only = only.map(|node| match &node.value {
        Value::List(items) => items.iter().filter_map(|item| text(item, "only", report)).collect(),
        Value::Scalar(_) | Value::Map(_) => text(node, "only", report).into_iter().collect(),
    });
    Some(Wanted { path, span: file.span, only })
}

fn text(node: &Node, what: &str, report: &mut Report) -> Option<Spanned<String>> {
    match &node.value {
        Value::Scalar(scalar) if scalar.text.contains("${") => {
            report
                .error(node.span, "`services_from` takes no `${…}`: files are read before anything is replaced")
                .help("write the name itself");
            None
        }
        Value::Scalar(scalar) if !scalar.is_null() => Some(Spanned { value: scalar.text.clone(), span: node.span }),
        _ => {
            report.error(node.span, format!("`{what}` takes text, this is {}", node.kind()));
            None
        }
    }
}
