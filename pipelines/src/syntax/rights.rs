//! Keys that ask for more than a container's usual rights, or that only some executors have.

use super::{
    keys,
    reader::{Reader, Spanned},
    right,
};
use crate::{
    diagnostic::Span,
    flavour::Flavour,
    plan::Access,
    yaml::{Node, Value},
};

/// Says why a value is wrong, and what to write.
type Check = fn(&str) -> Result<(), &'static str>;

impl Reader<'_> {
    /// What a step asks for beyond the usual, apart from what is mounted; what it may not have is said.
    pub(crate) fn rights(&mut self, step: &Node) -> Access {
        let trusted = self.trusted;
        let mut access = Access {
            volumes: Vec::new(),
            devices: self.granted(step, "devices", "volumes", trusted.volumes, right::device),
            tmpfs: Vec::new(),
            dns: self.granted(step, "dns", "network", trusted.network, right::dns),
            dns_search: self.granted(step, "dns_search", "network", trusted.network, right::domain),
            extra_hosts: self.granted(step, "extra_hosts", "network", trusted.network, right::host),
            network_mode: self.network_mode(step),
            user: self.backend_options(step),
            privileged: step.given("privileged").and_then(|node| self.flag(node, "privileged")).unwrap_or(false),
        };
        if access.privileged && !trusted.security {
            self.untrusted(step, "privileged", "security");
            access.privileged = false;
        }
        if access.network_mode.is_some() {
            for (key, has) in [
                ("dns", !access.dns.is_empty()),
                ("dns_search", !access.dns_search.is_empty()),
                ("extra_hosts", !access.extra_hosts.is_empty()),
            ] {
                if let Some(at) = step.key_span(key).filter(|_| has && access.network_mode.as_deref() == Some("none")) {
                    self.report.warning(at, format!("`{key}` has no effect beside `network_mode: none`"));
                }
            }
        }
        access
    }

    /// The values of a key that takes trust.
    fn granted(&mut self, step: &Node, key: &str, level: &str, trusted: bool, check: Check) -> Vec<String> {
        let Some(node) = step.given(key) else { return Vec::new() };
        if matches!(&node.value, Value::List(items) if items.is_empty()) {
            return Vec::new();
        }
        if !trusted {
            self.untrusted(step, key, level);
            return Vec::new();
        }
        let mut values = Vec::new();
        for text in self.texts(node, key) {
            match check(&text.value) {
                Ok(()) => values.push(text.value),
                Err(help) => {
                    let shown: String = text.value.chars().take(80).collect();
                    self.error(text.span, format!("`{shown}` is no value of `{key}`")).help(help);
                }
            }
        }
        values
    }

    fn network_mode(&mut self, step: &Node) -> Option<String> {
        let mode = self.text(step.given("network_mode")?, "network_mode")?;
        if mode.value != "none" && !self.trusted.network {
            self.untrusted(step, "network_mode", "network");
            return None;
        }
        if let Err(help) = right::network(&mode.value) {
            let shown: String = mode.value.chars().take(80).collect();
            self.error(mode.span, format!("`{shown}` is no value of `network_mode`")).help(help);
            return None;
        }
        Some(mode.value)
    }

    fn untrusted(&mut self, step: &Node, key: &str, level: &str) {
        let at: Span = step.key_span(key).unwrap_or(step.span);
        self.error(at, format!("`{key}` takes a repository that is trusted with {level}, and this one is not"))
            .help(format!("remove it, or ask an administrator to trust the repository with {level}"));
    }

    /// The user of `backend_options.docker`. Options for other executors have no effect.
    fn backend_options(&mut self, step: &Node) -> Option<String> {
        let options = step.given("backend_options")?;
        if !matches!(options.value, Value::Map(_)) {
            self.wrong(options, "backend_options", "a map of executors");
            return None;
        }
        for entry in options.entries().iter().filter(|entry| entry.key != "docker") {
            let message = format!("`backend_options.{}` is not supported by this version", entry.key);
            if self.flavour == Flavour::Slipway {
                self.error(entry.key_span, message);
            } else {
                self.report.warning(entry.key_span, format!("{message} and has no effect"));
            }
        }
        let docker = options.given("docker")?;
        self.section(docker, "`backend_options.docker`", &keys::DOCKER)?;
        let user = self.text(docker.given("user")?, "user")?;
        self.user(&user)
    }

    /// `uid[:gid]`
    pub(crate) fn user(&mut self, user: &Spanned<String>) -> Option<String> {
        if let Err(help) = right::user(&user.value) {
            let shown: String = user.value.chars().take(80).collect();
            self.error(user.span, format!("`{shown}` is no user")).help(help);
            return None;
        }
        Some(user.value.clone())
    }
}
