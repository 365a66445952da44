//! Keys that ask for more than a container's usual rights, or that this version cannot give.

use super::reader::Reader;
use crate::{
    diagnostic::Span,
    flavour::Flavour,
    yaml::{Node, Value},
};

/// A key, what an administrator must have given for it, and whether it is given.
const NETWORK: [&str; 4] = ["dns", "dns_search", "extra_hosts", "network_mode"];
const VOLUMES: [&str; 3] = ["volumes", "devices", "tmpfs"];

impl Reader<'_> {
    /// Whether a step is privileged; says what is asked for in vain.
    pub(crate) fn rights(&mut self, step: &Node) -> bool {
        for key in NETWORK {
            self.asks(step, key, "network", self.trusted.network);
        }
        for key in VOLUMES {
            self.asks(step, key, "volumes", self.trusted.volumes);
        }
        self.backend_options(step);
        let privileged = step.given("privileged").and_then(|node| self.flag(node, "privileged")).unwrap_or(false);
        if privileged && !self.trusted.security {
            self.untrusted(step, "privileged", "security");
        }
        privileged
    }

    fn asks(&mut self, step: &Node, key: &str, level: &str, trusted: bool) {
        let Some(node) = step.given(key) else { return };
        if matches!(&node.value, Value::List(items) if items.is_empty()) {
            return;
        }
        if trusted {
            let at = step.key_span(key).unwrap_or(node.span);
            self.error(at, format!("`{key}` is not supported by this version"));
        } else {
            self.untrusted(step, key, level);
        }
    }

    fn untrusted(&mut self, step: &Node, key: &str, level: &str) {
        let at: Span = step.key_span(key).unwrap_or(step.span);
        self.error(at, format!("`{key}` takes a repository that is trusted with {level}, and this one is not"))
            .help(format!("remove it, or ask an administrator to trust the repository with {level}"));
    }

    /// Options for other executors have no effect; Docker's are refused.
    fn backend_options(&mut self, step: &Node) {
        let Some(options) = step.given("backend_options") else { return };
        for entry in options.entries() {
            let message = format!("`backend_options.{}` is not supported by this version", entry.key);
            if entry.key == "docker" || self.flavour == Flavour::Slipway {
                self.error(entry.key_span, message);
            } else {
                self.report.warning(entry.key_span, format!("{message} and has no effect"));
            }
        }
    }
}
