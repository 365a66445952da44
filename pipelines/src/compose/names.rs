//! Names by which a service is reached besides its own.

use super::{keys, service::Service};
use crate::yaml::{Node, Value};

impl Service<'_, '_> {
    /// Of `hostname`, `container_name`, networks and the `links` of others. `node` has its `${…}` replaced.
    pub(super) fn aliases(&mut self, node: &Node) -> Vec<String> {
        let mut aliases: Vec<String> = Vec::new();
        for key in ["container_name", "hostname"] {
            aliases.extend(node.given(key).and_then(|node| self.alias(node, key)));
        }
        if let Some(Value::Map(networks)) = node.given("networks").map(|node| &node.value) {
            for network in networks.iter().filter(|network| !network.value.is_null()) {
                let what = format!("network `{}` of {}", network.key, self.what());
                if !keys::check(&network.value, &keys::ENDPOINT, &what, self.reader.report) {
                    continue;
                }
                if let Some(Value::List(items)) = network.value.given("aliases").map(|node| &node.value) {
                    for item in items {
                        aliases.extend(self.alias(item, "aliases"));
                    }
                }
            }
        }
        let linked =
            self.file.services().filter_map(|entry| match entry.value.given("links").map(|node| &node.value) {
                Some(Value::List(items)) => Some(items),
                _ => None,
            });
        for item in linked.flatten() {
            if let Value::Scalar(scalar) = &item.value
                && let Some((name, alias)) = scalar.text.split_once(':')
                && name == self.name
            {
                aliases.push(alias.to_owned());
            }
        }
        aliases.retain(|alias| alias != self.name);
        aliases.sort_unstable();
        aliases.dedup();
        aliases
    }

    /// A name that others can look up.
    pub(super) fn alias(&mut self, node: &Node, key: &str) -> Option<String> {
        let text = self.reader.raw_text(node, key)?.value;
        let is_name = (1..=63).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
        if !is_name {
            let shown: String = text.chars().take(63).collect();
            self.error(node.span, format!("`{shown}` of `{key}` is no name of a machine"))
                .help("use at most 63 letters, digits, `-`, `_` and `.`");
            return None;
        }
        Some(text)
    }
}
