//! A file.

use std::collections::BTreeMap;

use super::{
    clone::Clone,
    condition::When,
    elsewhere::is_foreign,
    keys,
    reader::{Reader, Spanned},
};
use crate::{
    compile::Concurrency,
    diagnostic::Span,
    plan::{Retry, RunsOn},
    yaml::{Node, Value},
};

/// One workflow without its steps, for one matrix cell.
#[derive(Clone, Debug)]
pub(crate) struct Workflow {
    pub(crate) clone: Clone,
    pub(crate) when: When,
    /// The older way to say `when.status`.
    pub(crate) runs_on: Option<RunsOn>,
    pub(crate) depends_on: Vec<Need>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) base: Option<Spanned<String>>,
    pub(crate) path: Option<Spanned<String>>,
    pub(crate) timeout: Option<u64>,
    pub(crate) retry: Option<Retry>,
    pub(crate) concurrency: Option<Concurrency>,
}

/// An item of `depends_on`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Need {
    pub(crate) name: Spanned<String>,
    /// Missing is fine.
    pub(crate) optional: bool,
}

impl Reader<'_> {
    /// The whole file but its steps, services and clone steps. `None` when it is no workflow at all, which was said. `name` is its own.
    pub(crate) fn workflow(&mut self, root: &Node, name: &str) -> Option<Workflow> {
        if !matches!(root.value, Value::Map(_)) {
            self.error(
                Span { end: root.span.start, ..root.span },
                format!("a workflow is a map with the key `steps`, this is {}", root.kind()),
            );
            return None;
        }
        if is_foreign(root, self.report) {
            return None;
        }
        self.section(root, "a workflow", &keys::WORKFLOW)?;
        let is_empty = match root.given("steps").map(|node| &node.value) {
            None => true,
            Some(Value::List(items)) => items.is_empty(),
            Some(Value::Map(entries)) => entries.is_empty(),
            Some(Value::Scalar(_)) => false,
        };
        // They may be in a file that could not be included, which was said.
        let is_elsewhere = root.given("include").is_some() && self.report.has_errors();
        if is_empty && !is_elsewhere {
            self.report
                .error(root.key_span("steps"), "the workflow has no `steps`")
                .help("add at least one: `steps: [{name: test, image: alpine, commands: [echo hello]}]`");
        }
        let (base, path) = self.workspace(root);
        let runs_on = root.given("runs_on").and_then(|node| self.status(node, "runs_on"));
        if let Some(at) = root.key_span("if").filter(|_| runs_on.is_some()) {
            self.error(at, "`if` and `runs_on` say the same").help("remove `runs_on`, which is the older one");
        }
        Some(Workflow {
            clone: self.clone_section(root),
            when: self.when_and_if(root),
            runs_on,
            depends_on: root.given("depends_on").map(|node| self.needs(node)).unwrap_or_default(),
            labels: root.given("labels").map(|node| self.labels(node)).unwrap_or_default(),
            base,
            path,
            timeout: root.given("timeout").and_then(|node| self.duration(node, "timeout")),
            retry: root.given("retry").and_then(|node| self.retry(node, false)),
            concurrency: root.given("concurrency").and_then(|node| self.concurrency(node, name)),
        })
    }

    /// A name, or a list of names and `{name, optional}`.
    pub(crate) fn needs(&mut self, node: &Node) -> Vec<Need> {
        match &node.value {
            Value::List(items) => items.iter().filter_map(|item| self.need(item)).collect(),
            Value::Scalar(scalar) if scalar.is_null() => Vec::new(),
            Value::Scalar(_) | Value::Map(_) => self.need(node).into_iter().collect(),
        }
    }

    fn need(&mut self, node: &Node) -> Option<Need> {
        if !matches!(node.value, Value::Map(_)) {
            return Some(Need { name: self.text(node, "depends_on")?, optional: false });
        }
        self.section(node, "`depends_on`", &keys::NEED)?;
        let Some(name) = node.given("name") else {
            self.error(node.span, "an item of `depends_on` takes a `name`")
                .help("write `depends_on: [a, b]`, or `{name: a, optional: true}` for one that may be left out");
            return None;
        };
        let optional = node.given("optional").and_then(|node| self.flag(node, "optional")).unwrap_or(false);
        Some(Need { name: self.text(name, "name")?, optional })
    }

    fn labels(&mut self, node: &Node) -> BTreeMap<String, String> {
        let labels = self.open_environment(node, "labels", "everybody sees them");
        labels.into_iter().map(|(name, value)| (name.value, value)).filter(|(_, value)| !value.is_empty()).collect()
    }

    fn workspace(&mut self, root: &Node) -> (Option<Spanned<String>>, Option<Spanned<String>>) {
        let Some(section) = root.given("workspace") else { return (None, None) };
        if self.section(section, "`workspace`", &keys::WORKSPACE).is_none() {
            return (None, None);
        }
        let base = section.given("base").and_then(|node| self.text(node, "base"));
        let path = section.given("path").and_then(|node| self.text(node, "path"));
        (base, path)
    }
}
