//! `cache:` of a step -> its plan.

use super::paths::relative;
use crate::{
    plan,
    report::Report,
    syntax::{Cache, Spanned},
};

/// Most paths of a cache.
const MOST_PATHS: usize = 50;

/// What a step's caches are. Mistakes are in the report.
pub(super) fn caches(given: &[Cache], report: &mut Report) -> Vec<plan::Cache> {
    let mut caches: Vec<plan::Cache> = Vec::with_capacity(given.len());
    for cache in given {
        let mut all: Vec<String> = cache.paths.iter().filter_map(|path| checked(path, report)).collect();
        all.sort_unstable();
        let mut paths: Vec<String> = Vec::with_capacity(all.len());
        for path in all {
            // What is in a folder of the list is there already.
            if !paths.iter().any(|outer| path == *outer || path.starts_with(&format!("{outer}/"))) {
                paths.push(path);
            }
        }
        if let (Some(at), true) = (cache.paths.first(), paths.len() > MOST_PATHS) {
            report.error(at.span, format!("a `cache` takes at most {MOST_PATHS} paths"));
        }
        let made = plan::Cache { key: cache.key.clone(), restore_keys: cache.restore_keys.clone(), paths };
        if !caches.contains(&made) {
            caches.push(made);
        }
    }
    caches
}

fn checked(path: &Spanned<String>, report: &mut Report) -> Option<String> {
    let given = &path.value;
    if given.contains(['*', '?', '[', '{']) {
        report
            .error(path.span, format!("`{given}` is a pattern, and a `cache` takes files and folders"))
            .help("write the folder that they are in");
        return None;
    }
    let help = if given.starts_with('/') || given.starts_with('~') {
        "only the workspace is cached: point the tool into it, such as `export CARGO_HOME=\"$CI_WORKSPACE/.cargo\"` in \
         `commands`, and write `.cargo` here"
    } else {
        "write a file or folder relative to the checkout, such as `vendor/bundle`"
    };
    let inside = relative(given).filter(|inside| !inside.is_empty() && !given.starts_with('~'));
    let kept = inside.filter(|inside| inside.split('/').next() != Some(".git"));
    if kept.is_none() {
        report.error(path.span, format!("`{}` cannot be cached", given.escape_debug())).help(help);
    }
    kept
}
