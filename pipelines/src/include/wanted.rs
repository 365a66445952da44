//! `include:`, decoded.

use super::Reference;
use crate::{
    diagnostic::Span,
    flavour::Flavour,
    report::Report,
    repository::RepositoryName,
    syntax::{keys, section},
    yaml::{Node, Value},
};

/// An item of `include`, at its place.
pub(super) struct Wanted {
    pub(super) reference: Reference,
    pub(super) span: Span,
}

/// What a file includes, in its order. `within` is the file itself, unless it is the pipeline's own.
pub(super) fn wanted(root: &Node, within: Option<&Reference>, flavour: Flavour, report: &mut Report) -> Vec<Wanted> {
    let Some(node) = root.given("include") else { return Vec::new() };
    let items = match &node.value {
        Value::List(items) => items.as_slice(),
        Value::Map(_) | Value::Scalar(_) => std::slice::from_ref(node),
    };
    items.iter().filter_map(|item| one(item, within, flavour, report)).collect()
}

fn one(node: &Node, within: Option<&Reference>, flavour: Flavour, report: &mut Report) -> Option<Wanted> {
    let (file, repository, revision) = match &node.value {
        Value::Scalar(_) => (node, None, None),
        Value::List(_) => {
            report.error(node.span, "`include` takes paths and maps of `file`, `repo` and `ref`, this is a list");
            return None;
        }
        Value::Map(_) => {
            section(node, "`include`", &keys::INCLUDE, flavour, report)?;
            let Some(file) = node.given("file") else {
                report
                    .error(node.span, "an item of `include` has no `file`")
                    .help("add the path: `file: ci/common.yml`");
                return None;
            };
            (file, node.given("repo"), node.given("ref"))
        }
    };
    let path = path(text(file, "file", report)?, file.span, report)?;
    let repository = match repository {
        Some(node) => match text(node, "repo", report)?.parse::<RepositoryName>() {
            Ok(name) => Some(name),
            Err(why) => {
                report.error(node.span, why.to_string());
                return None;
            }
        },
        None => None,
    };
    let revision = match revision {
        Some(node) => {
            let name = text(node, "ref", report)?;
            if repository.is_none() {
                report
                    .error(
                        node.span,
                        "`ref` has no `repo` beside it: a file of this repository is taken at the same commit",
                    )
                    .help("remove it, or add `repo: owner/name`");
                return None;
            }
            if !is_revision(name) {
                report
                    .error(node.span, format!("`{}` is no name of a branch, tag or commit", name.escape_debug()))
                    .help("write it as git does: `main`, `v1.2`");
                return None;
            }
            Some(name.to_owned())
        }
        None => None,
    };
    let reference = match (repository, within) {
        // A path in a file of another repository is one of that repository.
        (None, Some(within)) => Reference { path, ..within.clone() },
        (repository, _) => Reference { repository, revision, path },
    };
    Some(Wanted { reference, span: node.span })
}

fn text<'n>(node: &'n Node, what: &str, report: &mut Report) -> Option<&'n str> {
    match &node.value {
        Value::Scalar(scalar) if scalar.text.contains("${") => {
            report
                .error(node.span, "`include` takes no `${…}`: files are put together before anything is replaced")
                .help("write the name itself");
            None
        }
        Value::Scalar(scalar) if !scalar.is_null() => Some(&scalar.text),
        _ => {
            report.error(node.span, format!("`{what}` takes text, this is {}", node.kind()));
            None
        }
    }
}

/// The path without `.` and double slashes. Mistakes are in the report.
fn path(text: &str, at: Span, report: &mut Report) -> Option<String> {
    let why = match path_in_repository(text) {
        Ok(path) => return Some(path),
        Err(why) => why,
    };
    report.error(at, format!("`{}` cannot be included: it {why}", text.escape_debug())).help(if text.contains("://") {
        "write a path of this repository, or `{repo: owner/name, file: path}` for another one of this server"
    } else {
        "write a path from the root of the repository, such as `ci/common.yml`"
    });
    None
}

/// The same path without `.` and double slashes, or why it is none of a repository.
pub(crate) fn path_in_repository(text: &str) -> Result<String, &'static str> {
    let parts: Vec<&str> = text.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    Err(if text.contains("://") {
        "is an address"
    } else if text.starts_with('/') {
        "is absolute"
    } else if parts.contains(&"..") {
        "leaves its folder with `..`"
    } else if parts.is_empty() || text.ends_with('/') {
        "names no file"
    } else if text.len() > 1024 || text.contains('\\') || text.chars().any(char::is_control) {
        "is no path of a repository"
    } else {
        return Ok(parts.join("/"));
    })
}

/// Whether git takes a name, and takes it as nothing but a name.
fn is_revision(name: &str) -> bool {
    let is_odd = |c: char| c.is_control() || c.is_whitespace() || "~^:?*[\\".contains(c);
    (1..=255).contains(&name.len())
        && !name.starts_with(['-', '/', '.'])
        && !name.contains("..")
        && !name.contains("@{")
        && name != "@"
        && !name.contains(is_odd)
}
