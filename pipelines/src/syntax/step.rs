//! An item of `steps`, `services` or `clone`.

use super::{
    artifacts::TakenFrom,
    build::Build,
    cache::Cache,
    condition::When,
    keys,
    reader::{Reader, Spanned, first_line},
    reference::check_reference,
    value::Told,
    volume::Volume,
    workflow::Need,
};
use crate::{
    compose::{Compose, Composed},
    diagnostic::Span,
    plan::{Access, Artifacts, OnFailure, Pull, Ready, Report, Resources, Retry},
    yaml::{Entry, Node, Value},
};

/// What an item is in its job.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    Clone,
    Service,
    Step,
}

/// A step as its file has it. Commands and entrypoint still have their `${…}`.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) name: Spanned<String>,
    /// Checked. `None` beside a `build` or `load`, or when it is missing, which was said.
    pub(crate) image: Option<Spanned<String>>,
    pub(crate) build: Option<Build>,
    /// As written, relative to the checkout.
    pub(crate) load: Option<Spanned<String>>,
    pub(crate) pull: Pull,
    pub(crate) commands: Vec<Spanned<String>>,
    pub(crate) entrypoint: Option<Vec<Spanned<String>>>,
    pub(crate) environment: Option<Vec<(Spanned<String>, Told)>>,
    pub(crate) settings: Vec<(String, Told)>,
    /// Secrets in either.
    pub(crate) asks: Vec<Spanned<String>>,
    pub(crate) directory: Option<Spanned<String>>,
    pub(crate) when: When,
    /// `Some` of nothing differs from `None`: it makes the file a graph.
    pub(crate) depends_on: Option<Vec<Need>>,
    /// Name or needs differ from cell to cell.
    pub(crate) order_varies: bool,
    pub(crate) failure: Option<OnFailure>,
    pub(crate) detach: bool,
    pub(crate) timeout: Option<u64>,
    pub(crate) retry: Option<Retry>,
    pub(crate) outputs: Vec<Spanned<String>>,
    pub(crate) caches: Vec<Cache>,
    pub(crate) reports: Vec<Report>,
    pub(crate) artifacts: Option<Artifacts>,
    pub(crate) artifacts_from: Vec<TakenFrom>,
    pub(crate) resources: Resources,
    pub(crate) ready: Option<Ready>,
    pub(crate) access: Access,
    pub(crate) volumes: Vec<Volume>,
    /// Of a compose file.
    pub(crate) composed: Option<Composed>,
}

impl Step {
    /// Whether it is run as a plugin: by nothing but its settings.
    pub(crate) fn is_plugin(&self) -> bool {
        self.commands.is_empty() && self.entrypoint.is_none() && self.environment.is_none()
    }
}

/// An item of `steps`, `services` or `clone` that is not read yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Item<'n> {
    pub(crate) role: Role,
    node: &'n Node,
    /// The key of a map, or the position in a list.
    place: Result<(&'n str, Span), usize>,
    /// Where it comes from, unless it is the pipeline's own.
    compose: Option<&'n Compose>,
}

impl<'n> Item<'n> {
    /// A service of a compose file.
    pub(crate) fn composed(compose: &'n Compose, entry: &'n Entry) -> Self {
        let place = Ok((entry.key.as_str(), entry.key_span));
        Self { role: Role::Service, node: &entry.value, place, compose: Some(compose) }
    }
}

impl Reader<'_> {
    /// The items of a map of name to step, or a list of steps.
    pub(crate) fn items<'n>(&mut self, node: &'n Node, what: &str, role: Role) -> Vec<Item<'n>> {
        match &node.value {
            Value::Map(entries) => entries
                .iter()
                .map(|entry| Item {
                    role,
                    node: &entry.value,
                    place: Ok((entry.key.as_str(), entry.key_span)),
                    compose: None,
                })
                .collect(),
            Value::List(items) => items
                .iter()
                .enumerate()
                .map(|(index, node)| Item { role, node, place: Err(index), compose: None })
                .collect(),
            Value::Scalar(_) => {
                self.wrong(node, what, "a map or a list of steps");
                Vec::new()
            }
        }
    }

    /// One item. `None` when it is no step at all, which was said.
    pub(crate) fn item(&mut self, item: &Item<'_>) -> Option<Step> {
        if let (Some(compose), Ok((name, span))) = (item.compose, item.place) {
            return compose.step(self, &Spanned { value: name.to_owned(), span }, item.node);
        }
        let asked = self.variables.asked();
        let name = match item.place {
            Ok((key, span)) => Spanned { value: self.substituted(key, span), span },
            Err(index) => {
                let given = item.node.given("name").and_then(|name| self.text(name, "name"));
                if given.is_none() && item.role == Role::Service {
                    self.error(item.node.span, "a service in a list takes a `name`: steps reach it by that");
                }
                given.unwrap_or(Spanned { value: format!("step-{index}"), span: first_line(item.node.span) })
            }
        };
        let name_varies = self.variables.asked() != asked;
        let mut step = self.step(item.node, name, item.role)?;
        step.order_varies |= name_varies;
        Some(step)
    }

    /// A step or service as a map of its keys.
    pub(crate) fn step(&mut self, node: &Node, name: Spanned<String>, role: Role) -> Option<Step> {
        let (what, keys) = match role {
            Role::Step | Role::Clone => (format!("step `{}`", name.value), &keys::STEP),
            Role::Service => (format!("service `{}`", name.value), &keys::SERVICE),
        };
        if !matches!(node.value, Value::Map(_)) {
            self.no_step(node, &name, &what, role);
            return None;
        }
        self.section(node, &what, keys)?;
        self.check_step_name(&name, role);
        self.asks.clear();
        let build =
            node.given("build").and_then(|build| self.build(build, node.key_span("build").unwrap_or(name.span)));
        let image = self.image(node, &name, &what);
        let asked = self.variables.asked();
        let depends_on = node.get("depends_on").map(|node| self.needs(node));
        let order_varies = self.variables.asked() != asked;
        let environment = node.given("environment").map(|node| self.environment(node, "environment"));
        let settings = node.given("settings").map(|node| self.settings(node)).unwrap_or_default();
        let asks = std::mem::take(&mut self.asks);
        let is_service = role == Role::Service;
        let step = Step {
            image,
            build,
            load: node.given("load").filter(|_| !is_service).and_then(|node| self.text(node, "load")),
            pull: node.given("pull").and_then(|node| self.pull(node)).unwrap_or_default(),
            commands: node.given("commands").map(|node| self.raw_texts(node, "commands")).unwrap_or_default(),
            entrypoint: node.given("entrypoint").map(|node| self.raw_texts(node, "entrypoint")),
            environment,
            settings,
            asks,
            directory: node.given("directory").and_then(|node| self.text(node, "directory")),
            when: if is_service {
                node.given("when").map(|node| self.when(node)).unwrap_or_default()
            } else {
                self.when_and_if(node)
            },
            depends_on,
            order_varies,
            failure: node.given("failure").and_then(|node| self.failure(node, role)),
            detach: !is_service && node.given("detach").and_then(|node| self.flag(node, "detach")).unwrap_or(false),
            timeout: node.given("timeout").filter(|_| !is_service).and_then(|node| self.duration(node, "timeout")),
            retry: node.given("retry").filter(|_| !is_service).and_then(|node| self.retry(node, true)),
            outputs: node.given("outputs").filter(|_| !is_service).map(|node| self.outputs(node)).unwrap_or_default(),
            caches: node.given("cache").filter(|_| !is_service).map(|node| self.caches(node)).unwrap_or_default(),
            reports: node.given("reports").filter(|_| !is_service).map(|node| self.reports(node)).unwrap_or_default(),
            artifacts: node.given("artifacts").filter(|_| !is_service).and_then(|node| self.artifacts(node)),
            artifacts_from: node
                .given("artifacts_from")
                .filter(|_| !is_service)
                .map(|node| self.artifacts_from(node))
                .unwrap_or_default(),
            resources: node.given("resources").map(|node| self.resources(node)).unwrap_or_default(),
            ready: node.given("ready").filter(|_| is_service).and_then(|node| self.ready(node)),
            access: self.rights(node),
            volumes: self.volumes(node),
            composed: None,
            name,
        };
        for (key, has) in [("commands", !step.commands.is_empty()), ("entrypoint", step.entrypoint.is_some())] {
            if let Some(at) = node.key_span("settings").filter(|_| has && !step.settings.is_empty()) {
                self.error(at, format!("{what} has `settings` and `{key}`"))
                    .help("a plugin takes `settings` only: make two steps of it");
            }
        }
        self.check_together(node, &step, &what);
        Some(step)
    }

    /// Keys that make no sense beside each other.
    fn check_together(&mut self, node: &Node, step: &Step, what: &str) {
        for other in ["image", "build"] {
            if let (Some(at), Some(_)) = (node.key_span("load"), node.given(other)) {
                self.error(at, format!("{what} has `{other}` and `load`"))
                    .help("a step has one image: keep one of the two");
            }
        }
        if let Some(at) = node.key_span("retry").filter(|_| step.detach && step.retry.is_some()) {
            self.error(at, format!("{what} has `detach` and `retry`"))
                .help("nobody waits for a detached step, so nobody tries it again: remove one of the two");
        }
        if let Some(at) = node.key_span("cache").filter(|_| step.detach && !step.caches.is_empty()) {
            self.error(at, format!("{what} has `detach` and `cache`")).help(
                "a detached step ends with its job, so nobody knows when its files are whole: remove one of the two",
            );
        }
        if let Some(at) = node.key_span("reports").filter(|_| step.detach && !step.reports.is_empty()) {
            self.error(at, format!("{what} has `detach` and `reports`"))
                .help("a detached step ends with its job; name its files on a step after it");
        }
        if let Some(at) = node.key_span("artifacts").filter(|_| step.detach && step.artifacts.is_some()) {
            self.error(at, format!("{what} has `detach` and `artifacts`"))
                .help("a detached step ends with its job; keep its files with a step after it");
        }
        if let Some(at) = node.key_span("outputs").filter(|_| !step.outputs.is_empty()) {
            if step.detach {
                self.error(at, format!("{what} has `detach` and `outputs`"))
                    .help("a detached step ends with its job, when nobody reads its outputs any more");
            } else if step.build.is_some()
                && step.commands.is_empty()
                && step.entrypoint.is_none()
                && step.settings.is_empty()
            {
                self.error(at, format!("{what} has `outputs` and nothing that writes them"))
                    .help("add `commands` that write `NAME=value` lines to the file `$SLIPWAY_OUTPUT`");
            }
        }
    }

    /// Something else where the keys of a step belong.
    fn no_step(&mut self, node: &Node, name: &Spanned<String>, what: &str, role: Role) {
        // There is nothing to point at but the name.
        let at = if node.is_null() { name.span } else { node.span };
        let help = if keys::STEP.knows(&name.value) {
            format!("`{}` is a key of a step: indent it deeper than the step's name", name.value)
        } else if role == Role::Clone && matches!(&*name.value, "disable" | "enabled") {
            "write `skip_clone: true` in the file to have no checkout".to_owned()
        } else if role == Role::Clone {
            format!("write `clone: {{git: {{settings: {{{}: …}}}}}}`", name.value)
        } else if node.is_null() {
            "indent its keys deeper than its name".to_owned()
        } else {
            "write its name, and below it, indented, `image` and `commands`".to_owned()
        };
        self.error(at, format!("{what} takes a map, this is {}", node.kind())).help(help);
    }

    fn image(&mut self, node: &Node, name: &Spanned<String>, what: &str) -> Option<Spanned<String>> {
        let Some(image) = node.given("image") else {
            if node.given("build").is_none() && node.given("load").is_none() {
                self.error(name.span, format!("{what} has no `image`"))
                    .help("add `image: NAME`, or `build: FOLDER` for an image from a Dockerfile");
            }
            return None;
        };
        let written = self.raw_text(image, "image")?;
        let image = Spanned { value: self.substituted(&written.value, written.span), span: written.span };
        if let Some(at) = node.key_span("build") {
            self.error(at, format!("{what} has `image` and `build`"))
                .help("keep one; `build: {context: FOLDER, tags: [NAME]}` gives the built image a name");
        }
        if let Err(why) = check_reference(&image.value) {
            let help = if written.value != image.value {
                "`${…}` takes `CI_*`, axes of the matrix and parameters; any other name is empty"
            } else if written.value.contains('$') {
                "write `${NAME}` with braces for a `CI_*` variable, an axis of the matrix or a parameter"
            } else {
                "images look like `alpine`, `alpine:3.22` or `ghcr.io/owner/name:tag`"
            };
            self.error(image.span, format!("`{}` is not an image: {why}", written.value)).help(help);
        }
        Some(image)
    }

    fn failure(&mut self, node: &Node, role: Role) -> Option<OnFailure> {
        let text = self.text(node, "failure")?;
        match text.value.as_str() {
            "fail" => Some(OnFailure::Fail),
            "ignore" => Some(OnFailure::Ignore),
            "cancel" if role != Role::Service => Some(OnFailure::Cancel),
            other => {
                let help = match role {
                    Role::Service => "write `fail` or `ignore`",
                    Role::Clone | Role::Step => "write `fail`, `ignore` or `cancel`",
                };
                self.error(text.span, format!("`{other}` is no value of `failure`")).help(help);
                None
            }
        }
    }

    fn check_step_name(&mut self, name: &Spanned<String>, role: Role) {
        let text = &name.value;
        if text.trim().is_empty() || text.chars().count() > 128 || text.chars().any(char::is_control) {
            self.error(name.span, "a name takes 1 to 128 characters of one line");
        } else if role == Role::Service
            && !(text.len() <= 63 && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')))
        {
            self.error(name.span, format!("`{text}` cannot be the name of a service: steps reach it by its name"))
                .help("use at most 63 letters, digits, `-`, `_` and `.`");
        }
    }
}
