//! `artifacts:` and `artifacts_from:`.

use super::{
    keys,
    reader::{Reader, Spanned, first_line},
};
use crate::{
    plan::{Artifacts, ArtifactsFrom, KeepOn},
    selection::{BadPattern, normal},
    yaml::{Node, Value},
};

/// Most patterns of one section.
const MOST_PATTERNS: usize = 100;
/// Most items of `artifacts_from`.
const MOST_SOURCES: usize = 50;
/// Longest that artifacts are kept: ten years, in seconds.
const MOST_SECONDS: u64 = 3650 * 24 * 3600;

/// An item of `artifacts_from`, with the place of its name.
#[derive(Clone, Debug)]
pub(crate) struct TakenFrom {
    pub(crate) workflow: Spanned<String>,
    pub(crate) paths: Vec<String>,
    pub(crate) to: String,
}

impl TakenFrom {
    pub(crate) fn planned(&self) -> ArtifactsFrom {
        ArtifactsFrom { workflow: self.workflow.value.clone(), paths: self.paths.clone(), to: self.to.clone() }
    }
}

impl Reader<'_> {
    /// Paths, or a map.
    pub(crate) fn artifacts(&mut self, node: &Node) -> Option<Artifacts> {
        if !matches!(node.value, Value::Map(_)) {
            let paths = self.patterns(node, "artifacts")?;
            return self.some_paths(node, paths);
        }
        self.section(node, "`artifacts`", &keys::ARTIFACTS)?;
        let Some(given) = node.given("paths") else {
            self.error(first_line(node.span), "`artifacts` takes `paths`, what is kept").help("add `paths: [dist/]`");
            return None;
        };
        let paths = self.patterns(given, "paths")?;
        let mut artifacts = self.some_paths(given, paths)?;
        if let Some(on) = node.given("on") {
            artifacts.on = self.keep_on(on)?;
        }
        if let Some(expire) = node.given("expire") {
            artifacts.expire_seconds = self.duration_up_to(expire, "expire", MOST_SECONDS, "ten years");
        }
        Some(artifacts)
    }

    /// Nothing but `!` patterns would keep the whole checkout, which is hardly meant.
    fn some_paths(&mut self, node: &Node, paths: Vec<String>) -> Option<Artifacts> {
        let is_said = paths.is_empty() && matches!(&node.value, Value::List(items) if !items.is_empty());
        if !is_said && paths.iter().all(|path| path.starts_with('!')) {
            self.error(first_line(node.span), "nothing is named that `artifacts` could keep")
                .help("name a path, such as `dist/`; one with `!` only takes away from others");
            return None;
        }
        (!paths.is_empty()).then_some(Artifacts { paths, on: KeepOn::Success, expire_seconds: None })
    }

    fn keep_on(&mut self, node: &Node) -> Option<KeepOn> {
        let text = self.text(node, "on")?;
        match text.value.as_str() {
            "success" => Some(KeepOn::Success),
            "failure" => Some(KeepOn::Failure),
            "always" => Some(KeepOn::Always),
            other => {
                let shown: String = other.chars().take(40).collect();
                self.error(text.span, format!("`{shown}` is no value of `on`"))
                    .help("write `success`, `failure` or `always`");
                None
            }
        }
    }

    /// Patterns of files in the checkout, made plain. `None` when one of them is wrong, which was said.
    pub(crate) fn patterns(&mut self, node: &Node, what: &str) -> Option<Vec<String>> {
        let mut patterns = Vec::new();
        let mut is_well = true;
        for text in self.texts(node, what) {
            let checked = normal(&text.value).and_then(|pattern| {
                // Known ones are not compiled again, and of different ones a build has only so many.
                let known = self.globs.get(pattern.trim_start_matches('!'));
                known.map(|_| pattern).map_err(BadPattern::Glob)
            });
            match checked {
                Ok(pattern) if patterns.contains(&pattern) => {}
                Ok(pattern) if patterns.len() < MOST_PATTERNS => patterns.push(pattern),
                Ok(_) => {
                    self.error(text.span, format!("`{what}` takes at most {MOST_PATTERNS} patterns"))
                        .help("name folders: each stands for all that is in it");
                    return None;
                }
                Err(why) => {
                    let shown: String = text.value.chars().take(80).collect();
                    self.error(text.span, format!("`{what}` cannot take `{}`: {why}", shown.escape_debug()))
                        .help(why.help());
                    is_well = false;
                }
            }
        }
        is_well.then_some(patterns)
    }

    /// A workflow, a map, or a list of both.
    pub(crate) fn artifacts_from(&mut self, node: &Node) -> Vec<TakenFrom> {
        match &node.value {
            Value::List(items) => {
                if items.len() > MOST_SOURCES {
                    self.error(first_line(node.span), format!("`artifacts_from` takes at most {MOST_SOURCES} items"));
                }
                items.iter().take(MOST_SOURCES).filter_map(|item| self.taken_from(item)).collect()
            }
            Value::Scalar(_) | Value::Map(_) => self.taken_from(node).into_iter().collect(),
        }
    }

    fn taken_from(&mut self, node: &Node) -> Option<TakenFrom> {
        if !matches!(node.value, Value::Map(_)) {
            let workflow = self.text(node, "artifacts_from")?;
            return Some(TakenFrom { workflow, paths: Vec::new(), to: String::new() });
        }
        self.section(node, "`artifacts_from`", &keys::ARTIFACTS_FROM)?;
        let Some(workflow) = node.given("workflow") else {
            self.error(first_line(node.span), "an item of `artifacts_from` takes a `workflow`")
                .help("write `artifacts_from: build`, or `{workflow: build, paths: [dist/], to: folder}`");
            return None;
        };
        let workflow = self.text(workflow, "workflow")?;
        let paths = match node.given("paths") {
            Some(paths) => self.patterns(paths, "paths")?,
            None => Vec::new(),
        };
        let to = node.given("to").and_then(|to| self.folder(to)).unwrap_or_default();
        Some(TakenFrom { workflow, paths, to })
    }

    /// A folder of the checkout; empty for the checkout itself.
    fn folder(&mut self, node: &Node) -> Option<String> {
        let text = self.text(node, "to")?;
        match normal(&text.value) {
            Ok(folder) if folder == "**" && !text.value.contains('*') => Some(String::new()),
            Ok(folder) if !folder.starts_with('!') => Some(folder),
            Ok(_) => {
                self.error(text.span, format!("`{}` is no folder", text.value.escape_debug()));
                None
            }
            Err(why) => {
                let shown: String = text.value.chars().take(80).collect();
                self.error(text.span, format!("`to` cannot be `{}`: {why}", shown.escape_debug()))
                    .help("write a folder below the checkout, such as `incoming`");
                None
            }
        }
    }
}
