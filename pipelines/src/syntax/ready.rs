//! `ready:` of services, `concurrency:` of workflows, `outputs:` of steps.

use super::{
    keys,
    reader::{Reader, Spanned, first_line},
};
use crate::{
    compile::Concurrency,
    environment::is_reserved,
    plan::{Ready, ReadyCheck},
    yaml::{Node, Value},
};

/// How long a service may take, in seconds, unless its file says otherwise.
const TIMEOUT: u64 = 60;
/// Most jobs of a group at once.
const MOST_AT_ONCE: u32 = 1000;
/// Most outputs of a step.
const MOST_OUTPUTS: usize = 50;

impl Reader<'_> {
    /// A port, `health`, or `{command | port | health, timeout}`.
    pub(crate) fn ready(&mut self, node: &Node) -> Option<Ready> {
        let with = |check| Some(Ready { check, timeout_seconds: TIMEOUT });
        if let Value::Scalar(_) = &node.value {
            let text = self.text(node, "ready")?;
            if text.value == "health" {
                return with(ReadyCheck::Health);
            }
            if text.value.bytes().all(|b| b.is_ascii_digit()) {
                return with(ReadyCheck::Port { port: self.port(node)? });
            }
            let shown: String = text.value.chars().take(40).collect();
            self.error(text.span, format!("`ready` takes a port or `health`, this is `{shown}`"))
                .help(format!("a command is `ready: {{command: {}}}`", serde_json::Value::from(shown)));
            return None;
        }
        self.section(node, "`ready`", &keys::READY)?;
        let check = match (node.given("command"), node.given("port"), node.given("health")) {
            (Some(command), None, None) => {
                let command = self.text(command, "command")?;
                if command.value.trim().is_empty() || command.value.contains('\0') {
                    self.error(command.span, "the `command` of `ready` is empty")
                        .help("write one such as `pg_isready`");
                    return None;
                }
                ReadyCheck::Command { command: command.value }
            }
            (None, Some(port), None) => ReadyCheck::Port { port: self.port(port)? },
            (None, None, Some(health)) => {
                if !self.flag(health, "health")? {
                    self.error(health.span, "`health: false` waits for nothing").help("remove `ready`");
                    return None;
                }
                ReadyCheck::Health
            }
            (None, None, None) => {
                self.error(first_line(node.span), "`ready` says nothing to wait for")
                    .help("write `command`, `port` or `health: true`");
                return None;
            }
            (_, _, health) => {
                let second = if health.is_some() { "health" } else { "port" };
                let at = node.key_span(second).unwrap_or(node.span);
                self.error(at, "`ready` waits for one thing, and this is a second")
                    .help("keep one; a `command` can test several things");
                return None;
            }
        };
        let timeout = match node.given("timeout") {
            Some(timeout) => self.duration(timeout, "timeout")?,
            None => TIMEOUT,
        };
        Some(Ready { check, timeout_seconds: timeout })
    }

    fn port(&mut self, node: &Node) -> Option<u16> {
        self.whole(node, "port", 1, u32::from(u16::MAX)).and_then(|port| u16::try_from(port).ok())
    }

    /// A number, or `{limit, group, cancel}`. `workflow` is the group by default.
    pub(crate) fn concurrency(&mut self, node: &Node, workflow: &str) -> Option<Concurrency> {
        let mut concurrency = Concurrency { group: workflow.to_owned(), limit: 1, cancel_superseded: false };
        if !matches!(node.value, Value::Map(_)) {
            concurrency.limit = self.whole(node, "concurrency", 1, MOST_AT_ONCE)?;
            return Some(concurrency);
        }
        self.section(node, "`concurrency`", &keys::CONCURRENCY)?;
        if let Some(limit) = node.given("limit") {
            concurrency.limit = self.whole(limit, "limit", 1, MOST_AT_ONCE)?;
        }
        if let Some(group) = node.given("group") {
            let group = self.text(group, "group")?;
            if group.value.trim().is_empty() || group.value.len() > 200 || group.value.chars().any(char::is_control) {
                self.error(group.span, "a `group` takes 1 to 200 characters of one line")
                    .help("an unknown `${NAME}` is nothing: write `${NAME:-other}`");
                return None;
            }
            concurrency.group = group.value;
        }
        if let Some(cancel) = node.given("cancel") {
            let cancel = self.text(cancel, "cancel")?;
            if cancel.value != "superseded" {
                let shown: String = cancel.value.chars().take(40).collect();
                self.error(cancel.span, format!("`{shown}` is no value of `cancel`"))
                    .help("write `superseded`, or remove it: then jobs wait for each other");
                return None;
            }
            concurrency.cancel_superseded = true;
        }
        Some(concurrency)
    }

    /// Names of variables that a step hands on.
    pub(crate) fn outputs(&mut self, node: &Node) -> Vec<Spanned<String>> {
        let mut outputs: Vec<Spanned<String>> = Vec::new();
        for name in self.raw_texts(node, "outputs") {
            let text = name.value.as_str();
            let is_name = text.len() <= 128
                && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            if !is_name {
                let shown: String = text.chars().take(40).collect();
                self.error(name.span, format!("`{shown}` is not a name of an output"))
                    .help("use letters, digits and `_`");
            } else if is_reserved(text) {
                self.error(
                    name.span,
                    format!("an output cannot be named `{text}`: later steps would get it instead of the real one"),
                )
                .help("choose a name that does not begin with `CI_`, `DRONE_`, `PLUGIN_` or `SLIPWAY_`");
            } else if outputs.iter().any(|other| other.value == text) {
                self.error(name.span, format!("the output `{text}` is named twice"));
            } else if outputs.len() == MOST_OUTPUTS {
                self.error(name.span, format!("a step has at most {MOST_OUTPUTS} outputs"))
                    .help("hand on a file in the workspace instead");
                break;
            } else {
                outputs.push(name);
            }
        }
        outputs
    }
}
