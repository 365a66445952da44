//! `when:`, decoded. What it means is in `filter`.

use globset::GlobMatcher;

use super::{
    elsewhere, keys,
    reader::{Reader, Spanned},
};
use crate::{
    filter::Expression,
    plan::RunsOn,
    suggest::{did_you_mean, listed},
    trigger::Event,
    yaml::{Node, Value},
};

/// A `when:`. Without conditions it fits always.
#[derive(Clone, Debug, Default)]
pub(crate) struct When {
    pub(crate) conditions: Vec<Condition>,
}

/// One condition: all that it gives must fit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Condition {
    pub(crate) event: Option<Vec<Event>>,
    pub(crate) branch: Option<Pattern>,
    pub(crate) repo: Option<Pattern>,
    pub(crate) reference: Option<Pattern>,
    pub(crate) cron: Option<Pattern>,
    pub(crate) instance: Option<Pattern>,
    pub(crate) platform: Option<Pattern>,
    pub(crate) path: Option<PathFilter>,
    pub(crate) matrix: Vec<AxisPattern>,
    pub(crate) status: Option<RunsOn>,
    pub(crate) local: Option<bool>,
    pub(crate) evaluate: Option<Spanned<Expression>>,
}

/// Patterns, and how they were written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pattern {
    pub(crate) include: Vec<GlobMatcher>,
    pub(crate) exclude: Vec<GlobMatcher>,
    /// `` `main` or `release/*` ``
    pub(crate) words: String,
}

/// `when.path`.
#[derive(Clone, Debug)]
pub(crate) struct PathFilter {
    pub(crate) pattern: Pattern,
    /// A message with this text in it fits whatever the paths are. Lower case.
    pub(crate) ignore_message: Option<String>,
    /// Whether a change of no paths fits.
    pub(crate) on_empty: bool,
}

/// A pattern for one axis of the matrix.
#[derive(Clone, Debug)]
pub(crate) struct AxisPattern {
    pub(crate) axis: String,
    pub(crate) pattern: Pattern,
    /// Fitting is what does not fit.
    pub(crate) negated: bool,
}

impl When {
    /// Sets the status that it runs on, whichever condition fits.
    pub(crate) fn set_status(&mut self, status: RunsOn) {
        if self.conditions.is_empty() {
            self.conditions.push(Condition::default());
        }
        for condition in &mut self.conditions {
            condition.status = Some(status);
        }
    }

    /// Whether it looks at the cell of the matrix.
    pub(crate) fn sees_cell(&self) -> bool {
        self.conditions.iter().any(|condition| !condition.matrix.is_empty())
    }
}

impl Reader<'_> {
    /// One condition, or a list of them.
    pub(crate) fn when(&mut self, node: &Node) -> When {
        let conditions = match &node.value {
            Value::List(items) => items.iter().filter_map(|item| self.condition(item)).collect(),
            Value::Scalar(scalar) if scalar.is_null() => Vec::new(),
            Value::Scalar(_) | Value::Map(_) => self.condition(node).into_iter().collect(),
        };
        When { conditions }
    }

    fn condition(&mut self, node: &Node) -> Option<Condition> {
        if let Value::Scalar(scalar) = &node.value {
            let help = match elsewhere::event(&scalar.text) {
                Some(event) => format!("write `when: {{event: {}}}`", event.as_str()),
                None => "write keys and patterns, such as `when: {event: push, branch: main}`".to_owned(),
            };
            self.wrong(node, "when", "conditions").help(help);
            return None;
        }
        self.section(node, "`when`", &keys::CONDITION)?;
        let mut pattern = |key: &str| node.given(key).map(|value| self.pattern(value, key));
        let mut condition = Condition {
            branch: pattern("branch"),
            repo: pattern("repo"),
            reference: pattern("ref"),
            cron: pattern("cron"),
            instance: pattern("instance"),
            platform: pattern("platform"),
            ..Condition::default()
        };
        condition.event = node.given("event").map(|value| self.events(value));
        condition.path = node.given("path").map(|value| self.path_filter(value));
        condition.matrix = node.given("matrix").map(|value| self.axes(value)).unwrap_or_default();
        condition.status = node.given("status").and_then(|value| self.status(value, "status"));
        condition.local = node.given("local").and_then(|value| self.flag(value, "local"));
        condition.evaluate = node.given("evaluate").and_then(|value| self.expression(value));
        Some(condition)
    }

    /// `evaluate`, with nothing replaced in it.
    fn expression(&mut self, node: &Node) -> Option<Spanned<Expression>> {
        let text = self.raw_text(node, "evaluate")?;
        match self.expressions.get(&text.value) {
            Ok(value) => Some(Spanned { value, span: text.span }),
            Err(wrong) => {
                let found = self.error(text.span, format!("`evaluate`: {}", wrong.message));
                if let Some(help) = wrong.help {
                    found.help(help);
                }
                None
            }
        }
    }

    fn events(&mut self, node: &Node) -> Vec<Event> {
        let mut events = Vec::new();
        for text in self.texts(node, "event") {
            match Event::parse(&text.value) {
                Some(event) => events.push(event),
                None => {
                    let all = || Event::ALL.into_iter().map(Event::as_str);
                    let help = elsewhere::event(&text.value)
                        .map(|event| format!("did you mean `{}`?", event.as_str()))
                        .or_else(|| did_you_mean(&text.value, all()))
                        .unwrap_or_else(|| format!("events are {}", listed(all(), "and")));
                    self.error(text.span, format!("unknown event `{}`", text.value)).help(help);
                }
            }
        }
        events
    }

    /// `success`, `failure`, or both.
    pub(crate) fn status(&mut self, node: &Node, what: &str) -> Option<RunsOn> {
        let mut runs_on = RunsOn { success: false, failure: false };
        let texts = self.texts(node, what);
        for text in &texts {
            match text.value.as_str() {
                "success" => runs_on.success = true,
                "failure" => runs_on.failure = true,
                other => self.error(text.span, format!("unknown status `{other}`")).help(match other {
                    "always" | "any" | "completed" => "write `[success, failure]`",
                    "failed" | "error" | "errored" => "did you mean `failure`?",
                    _ => "write `success`, `failure`, or a list of both",
                }),
            }
        }
        if texts.is_empty() { None } else { Some(runs_on) }
    }

    /// One pattern, a list, or `{include, exclude}`.
    fn pattern(&mut self, node: &Node, what: &str) -> Pattern {
        if let Value::Map(_) = node.value {
            self.section(node, &format!("`when.{what}`"), &keys::FILTER);
            return self.include_exclude(node);
        }
        let include = self.texts(node, what);
        self.compiled(include, Vec::new())
    }

    fn include_exclude(&mut self, node: &Node) -> Pattern {
        let include = node.given("include").map(|value| self.texts(value, "include")).unwrap_or_default();
        let exclude = node.given("exclude").map(|value| self.texts(value, "exclude")).unwrap_or_default();
        self.compiled(include, exclude)
    }

    fn compiled(&mut self, include: Vec<Spanned<String>>, exclude: Vec<Spanned<String>>) -> Pattern {
        let written = |texts: &[Spanned<String>]| listed(texts.iter().map(|text| text.value.as_str()), "or");
        let words = match (include.is_empty(), exclude.is_empty()) {
            (false, true) => written(&include),
            (false, false) => format!("{} without {}", written(&include), written(&exclude)),
            (true, false) => format!("anything but {}", written(&exclude)),
            (true, true) => "anything".to_owned(),
        };
        let mut compile = |texts: Vec<Spanned<String>>| -> Vec<GlobMatcher> {
            let compiled = texts.iter().filter_map(|text| match self.globs.get(&text.value) {
                Ok(glob) => Some(glob),
                Err(why) => {
                    self.error(text.span, format!("`{}` is not a pattern: {why}", text.value))
                        .help("patterns are paths with `*`, `?`, `**`, `[a-z]` and `{a,b}`");
                    None
                }
            });
            compiled.flatten().collect()
        };
        Pattern { include: compile(include), exclude: compile(exclude), words }
    }

    fn path_filter(&mut self, node: &Node) -> PathFilter {
        if !matches!(node.value, Value::Map(_)) {
            let pattern = self.pattern(node, "path");
            return PathFilter { pattern, ignore_message: None, on_empty: true };
        }
        self.section(node, "`when.path`", &keys::PATH_FILTER);
        PathFilter {
            pattern: self.include_exclude(node),
            ignore_message: node
                .given("ignore_message")
                .and_then(|value| self.text(value, "ignore_message"))
                .map(|text| text.value.to_lowercase()),
            on_empty: node.given("on_empty").and_then(|value| self.flag(value, "on_empty")).unwrap_or(true),
        }
    }

    /// Axis to pattern, or the same below `include` and `exclude`.
    fn axes(&mut self, node: &Node) -> Vec<AxisPattern> {
        let Value::Map(entries) = &node.value else {
            self.wrong(node, "matrix", "a map of axes");
            return Vec::new();
        };
        let mut axes = Vec::new();
        for entry in entries {
            let is_group = matches!(entry.key.as_str(), "include" | "exclude");
            if is_group && matches!(entry.value.value, Value::Map(_)) {
                for axis in entry.value.entries() {
                    let pattern = self.pattern(&axis.value, &axis.key);
                    let negated = entry.key == "exclude";
                    axes.push(AxisPattern { axis: axis.key.clone(), pattern, negated });
                }
            } else {
                let pattern = self.pattern(&entry.value, &entry.key);
                axes.push(AxisPattern { axis: entry.key.clone(), pattern, negated: false });
            }
        }
        axes
    }
}
