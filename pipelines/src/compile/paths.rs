//! Paths inside containers.

use super::mounts;
use crate::{
    context::Context,
    flavour::Flavour,
    plan::Workspace,
    report::Report,
    syntax::{Spanned, Workflow},
};

/// Where volume and checkout are. Mistakes are in the report.
pub(super) fn workspace(workflow: &Workflow, flavour: Flavour, context: &Context, report: &mut Report) -> Workspace {
    let mut base = flavour.base().to_owned();
    if let Some(given) = &workflow.base {
        let path = join("/", &given.value).filter(|path| path != "/" && given.value.starts_with('/') && is_plain(path));
        match path.filter(|path| !mounts::is_reserved(path)) {
            Some(path) => base = path,
            None => report
                .error(given.span, format!("the workspace cannot be mounted at `{}`", given.value))
                .help("write an absolute path below `/`, such as `/go`"),
        }
    }
    let default = || format!("{base}/src/{}/{}", host(context), context.repository.name);
    let path = match &workflow.path {
        None => default(),
        Some(given) => below(&base, &given.value).filter(|path| is_plain(path)).unwrap_or_else(|| {
            report
                .error(given.span, format!("the checkout cannot lie at `{}`", given.value))
                .help(format!("write a path relative to `{base}`, and inside it"));
            default()
        }),
    };
    Workspace { base, path }
}

/// The working directory of a step: relative to the checkout, or absolute.
pub(super) fn directory(given: Option<&Spanned<String>>, workspace: &Workspace, report: &mut Report) -> String {
    let Some(given) = given else { return workspace.path.clone() };
    match join(&workspace.path, &given.value).filter(|path| !path.chars().any(char::is_control)) {
        Some(path) => path,
        None => {
            report.error(given.span, format!("`{}` is no directory", given.value.escape_debug()));
            workspace.path.clone()
        }
    }
}

/// A folder of the workspace, relative to the checkout.
pub(super) fn in_workspace(given: &str, workspace: &Workspace) -> Option<String> {
    join(&workspace.path, given)
        .filter(|path| *path == workspace.base || path.starts_with(&format!("{}/", workspace.base)))
        .filter(|path| !path.chars().any(char::is_control))
}

/// A path that stays below its beginning, without that beginning.
pub(super) fn relative(given: &str) -> Option<String> {
    if given.starts_with('/') || given.chars().any(char::is_control) {
        return None;
    }
    below("/x", given)?.strip_prefix("/x/").map(str::to_owned)
}

/// Joins and resolves `.` and `..`. An absolute path stands for itself. `None` when it leaves the root.
fn join(base: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    let before = if path.starts_with('/') { "" } else { base };
    for part in before.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(format!("/{}", parts.join("/")))
}

/// Joins, taking an absolute path as relative, and staying at or below the base.
fn below(base: &str, path: &str) -> Option<String> {
    let joined = join(base, path.trim_start_matches('/'))?;
    (joined == base || joined.starts_with(&format!("{base}/"))).then_some(joined)
}

/// Without what mounts use as separators.
fn is_plain(path: &str) -> bool {
    !path.chars().any(|c| c.is_control() || matches!(c, ':' | ',' | '\\')) && path.len() <= 1024
}

/// The forge's host, as a folder.
fn host(context: &Context) -> String {
    let url = [&context.repository.forge_url, &context.system.url].into_iter().find(|url| !url.is_empty());
    let rest = url.map_or("", |url| url.split_once("://").map_or(url.as_str(), |(_, rest)| rest));
    let authority = rest.split('/').next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = match host.strip_prefix('[') {
        Some(address) => address.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let safe: String =
        host.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') { c } else { '_' }).collect();
    if safe.is_empty() || safe.starts_with('.') { "localhost".to_owned() } else { safe }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_resolved_and_kept_inside() {
        assert_eq!(join("/a/b", "c/../d/./e").as_deref(), Some("/a/b/d/e"));
        assert_eq!(join("/a/b", "/c").as_deref(), Some("/c"));
        assert_eq!(join("/a", "../.."), None);
        assert_eq!(below("/a", "/x").as_deref(), Some("/a/x"));
        assert_eq!(below("/a", "../ab"), None);
        assert_eq!(relative("docker/../Dockerfile").as_deref(), Some("Dockerfile"));
        assert_eq!(relative("../Dockerfile"), None);
        assert_eq!(relative("/etc/passwd"), None);
        let workspace = Workspace { base: "/w".into(), path: "/w/src".into() };
        assert_eq!(in_workspace("..", &workspace).as_deref(), Some("/w"));
        assert_eq!(in_workspace("../..", &workspace), None);
        assert_eq!(in_workspace("/etc", &workspace), None);
    }
}
