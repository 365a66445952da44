//! Sections and the keys in them.

use super::{elsewhere, keys::Keys};
use crate::{
    diagnostic::Severity,
    flavour::Flavour,
    report::Report,
    suggest::did_you_mean,
    yaml::{Node, Value},
};

/// A map, with the keys that `keys` does not know reported. `None` when it is no map.
pub(crate) fn section<'n>(
    node: &'n Node,
    what: &str,
    keys: &Keys,
    flavour: Flavour,
    report: &mut Report,
) -> Option<&'n Node> {
    let Value::Map(entries) = &node.value else {
        report.error(node.span, format!("{what} takes a map, this is {}", node.kind()));
        return None;
    };
    let (severity, ignored) = match flavour {
        Flavour::Slipway => (Severity::Error, ""),
        Flavour::Woodpecker => (Severity::Warning, " and has no effect"),
    };
    for entry in entries {
        let key = entry.key.as_str();
        if keys.knows(key) {
            continue;
        }
        let at = Some(entry.key_span);
        if let Some((_, help)) = keys.gone.iter().chain(keys.idle).find(|(gone, _)| *gone == key) {
            report.add(severity, at, format!("`{key}` is not a key of {what}")).help(*help);
        } else if keys.later.contains(&key) {
            report.add(severity, at, format!("`{key}` is not supported by this version{ignored}"));
        } else {
            let is_full = report.is_full();
            let near = || elsewhere::advice(keys, key).or_else(|| did_you_mean(key, keys.all().map(|key| key.name)));
            let help = if is_full { None } else { near() };
            let found = report.add(severity, at, format!("unknown key `{key}` in {what}"));
            if let Some(help) = help {
                found.help(help);
            }
        }
    }
    Some(node)
}
