//! One service of a compose file -> a service of the job.

use super::{
    choose::Until,
    file::Compose,
    interpolate::{Outcome, Scope, Wrong},
    keys::{self, Fate},
};
use crate::{
    diagnostic::{Diagnostic, Span},
    plan::{OnFailure, Program, Pull},
    syntax::{Reader, Role, Spanned, Step},
    yaml::{Entry, Node, Scalar, Value},
};

/// What a service of a compose file has besides what services have.
#[derive(Clone, Debug)]
pub(crate) struct Composed {
    pub(crate) program: Program,
    /// `None`: the image's own.
    pub(crate) directory: Option<String>,
    pub(crate) aliases: Vec<String>,
    pub(crate) hostname: Option<String>,
    /// Services that come before.
    pub(crate) needs: Vec<String>,
    /// It is run to its end, which others wait for.
    pub(crate) is_run: bool,
}

/// Reads one service for one matrix cell.
pub(super) struct Service<'s, 'r> {
    pub(super) reader: &'s mut Reader<'r>,
    pub(super) file: &'s Compose,
    pub(super) name: &'s str,
}

/// Keys whose texts become parts of programs: they are replaced with more care, where they are read.
const PROGRAMS: [&str; 3] = ["command", "entrypoint", "healthcheck"];

impl Compose {
    /// A service as a step of its job. `None` when it is none at all, which was said.
    pub(crate) fn step(&self, reader: &mut Reader<'_>, name: &Spanned<String>, node: &Node) -> Option<Step> {
        let mut service = Service { reader, file: self, name: &name.value };
        let what = service.what();
        if !keys::check(node, &keys::SERVICE, &what, service.reader.report) {
            return None;
        }
        let program = service.program(node);
        let ready = service.ready(node);
        let node = &service.replaced_keys(node);
        let own = match (node.given("build"), node.given("image")) {
            // After a mistake in it the other keys are still looked at.
            (Some(build), _) => section("build", service.context(build).unwrap_or_else(|| text(".", build.span))),
            (None, Some(image)) => section("image", image.clone()),
            (None, None) => {
                service
                    .error(name.span, format!("{what} has no `image` and no `build`"))
                    .help("add `image: NAME`, or `build: FOLDER`");
                return None;
            }
        };
        let mut step = service.reader.step(&own, name.clone(), Role::Service)?;
        if let Some(build) = &mut step.build {
            service.build(node, build);
        }
        step.access = service.reader.rights(node);
        step.access.user = node.given("user").and_then(|node| service.user(node));
        service.security(node);
        step.pull = service.pull_policy(node);
        step.environment = Some(service.variables(node));
        step.resources = service.resources(node);
        step.volumes = service.volumes(node);
        let is_run = self.choice.is_awaited(&name.value, Until::Completed);
        step.ready = ready.filter(|_| !is_run);
        step.failure = is_run.then_some(OnFailure::Fail);
        let needs = self.choice.needs.get(&name.value).into_iter().flatten();
        step.composed = Some(Composed {
            program,
            directory: node.given("working_dir").and_then(|node| service.directory(node)),
            aliases: service.aliases(node),
            hostname: node.given("hostname").and_then(|node| service.alias(node, "hostname")),
            needs: needs.map(|need| need.name.value.clone()).collect(),
            is_run,
        });
        Some(step)
    }
}

fn text(text: &str, span: Span) -> Node {
    Node { span, value: Value::Scalar(Scalar { text: text.to_owned(), plain: false }), is_alias: false }
}

/// A map of one key.
pub(super) fn section(key: &str, value: Node) -> Node {
    let span = value.span;
    let entry = Entry { key: key.to_owned(), key_span: span, merges: false, value };
    Node { span, value: Value::Map(vec![entry]), is_alias: false }
}

impl Service<'_, '_> {
    pub(super) fn what(&self) -> String {
        format!("service `{}`", self.name)
    }

    pub(super) fn error(&mut self, at: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.reader.error(at, message)
    }

    pub(super) fn scope(&self) -> Scope<'_> {
        Scope { variables: self.reader.variables, file: &self.file.variables }
    }

    /// A text with its variables replaced. `None`: it is wrong, which was said.
    pub(super) fn interpolate(&mut self, text: &str, at: Span) -> Option<Outcome> {
        if !text.contains('$') {
            return Some(Outcome { text: text.to_owned(), ..Outcome::default() });
        }
        match self.scope().text(text) {
            Ok(outcome) => {
                for name in &outcome.unset {
                    self.reader
                        .report
                        .warning(at, format!("the variable `{name}` is not set, and stands for nothing"))
                        .help(format!("write `${{{name}:-something}}`; known are `CI_*`, parameters, axes and `.env`"));
                }
                Some(outcome)
            }
            Err(Wrong::Form(shown)) => {
                self.error(at, format!("`{shown}` is no variable"))
                    .help("write `${NAME}`, or `$$` for a `$` of its own");
                None
            }
            Err(Wrong::Required { name, why }) => {
                let why = if why.is_empty() { String::new() } else { format!(": {why}") };
                self.error(at, format!("the variable `{name}` must be set{why}")).help(format!(
                    "set it below `parameters` of the pipeline, or in `.env` beside the compose file: `{name}=…`"
                ));
                None
            }
            Err(Wrong::TooMuch(error)) => {
                self.reader.too_much(at, &error);
                None
            }
        }
    }

    /// The service with the variables of what is honoured replaced, apart from its programs.
    fn replaced_keys(&mut self, node: &Node) -> Node {
        let entries = node.entries().iter().map(|entry| {
            let fate = keys::SERVICE.iter().find(|(name, _)| *name == entry.key).map(|(_, fate)| *fate);
            let stays = fate != Some(Fate::Honoured) || PROGRAMS.contains(&entry.key.as_str());
            let value = if stays { entry.value.clone() } else { self.replaced(&entry.value) };
            let value = if entry.key == "extra_hosts" { hosts(value) } else { value };
            Entry { key: entry.key.clone(), value, ..*entry }
        });
        Node { value: Value::Map(entries.collect()), ..*node }
    }

    fn replaced(&mut self, node: &Node) -> Node {
        let value = match &node.value {
            Value::Scalar(scalar) => {
                let text = self.interpolate(&scalar.text, node.span).map(|outcome| outcome.text).unwrap_or_default();
                Value::Scalar(Scalar { text, plain: scalar.plain })
            }
            Value::List(items) => Value::List(items.iter().map(|item| self.replaced(item)).collect()),
            Value::Map(entries) => {
                let entries = entries.iter().map(|entry| Entry {
                    key: entry.key.clone(),
                    value: self.replaced(&entry.value),
                    ..*entry
                });
                Value::Map(entries.collect())
            }
        };
        Node { value, ..*node }
    }

    fn pull_policy(&mut self, node: &Node) -> Pull {
        let Some(policy) = node.given("pull_policy").and_then(|node| self.reader.raw_text(node, "pull_policy")) else {
            return Pull::default();
        };
        match policy.value.as_str() {
            "always" => Pull::Always,
            "never" => Pull::Never,
            "missing" | "if_not_present" | "build" => Pull::Missing,
            _ => {
                let shown: String = policy.value.chars().take(40).collect();
                self.error(policy.span, format!("`{shown}` is no `pull_policy` of a job"))
                    .help("write `always`, `missing`, `never` or `build`");
                Pull::default()
            }
        }
    }

    fn user(&mut self, node: &Node) -> Option<String> {
        let user = self.reader.raw_text(node, "user")?;
        self.reader.user(&user)
    }

    fn directory(&mut self, node: &Node) -> Option<String> {
        let directory = self.reader.raw_text(node, "working_dir")?;
        if !directory.value.starts_with('/') || directory.value.chars().any(char::is_control) {
            self.error(directory.span, format!("`{}` is no directory", directory.value.escape_debug()))
                .help("write an absolute path of the container");
            return None;
        }
        Some(directory.value)
    }

    /// What jobs have anyway may be asked for, and nothing else.
    fn security(&mut self, node: &Node) {
        let Some(section) = node.given("security_opt") else { return };
        for option in self.reader.raw_texts(section, "security_opt") {
            if !matches!(
                option.value.as_str(),
                "no-new-privileges" | "no-new-privileges:true" | "no-new-privileges=true"
            ) {
                let shown: String = option.value.chars().take(60).collect();
                self.error(
                    option.span,
                    format!("`security_opt: {shown}` of {} cannot be honoured in a job", self.what()),
                )
                .help("a trusted repository may have `privileged: true` instead; remove it");
            }
        }
    }
}

/// `extra_hosts` as `name:address`, whichever of its forms it has.
fn hosts(node: Node) -> Node {
    let value = match node.value {
        Value::Map(entries) => Value::List(
            entries
                .into_iter()
                .map(|entry| match entry.value.value {
                    Value::Scalar(scalar) => text(&format!("{}:{}", entry.key, scalar.text), entry.value.span),
                    _ => entry.value,
                })
                .collect(),
        ),
        Value::List(items) => Value::List(
            items
                .into_iter()
                .map(|item| match item.value {
                    Value::Scalar(scalar) => text(&scalar.text.replacen('=', ":", 1), item.span),
                    _ => item,
                })
                .collect(),
        ),
        value => value,
    };
    Node { value, ..node }
}
