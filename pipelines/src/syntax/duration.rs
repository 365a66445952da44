//! Keys that take a duration.

use super::reader::Reader;
use crate::{duration::seconds, yaml::Node};

/// Longest timeout: a week.
const MOST_SECONDS: u64 = 7 * 24 * 3600;

impl Reader<'_> {
    /// A duration in seconds.
    pub(crate) fn duration(&mut self, node: &Node, what: &str) -> Option<u64> {
        self.duration_up_to(node, what, MOST_SECONDS, "a week")
    }

    /// The same with another limit, which `called` names.
    pub(crate) fn duration_up_to(&mut self, node: &Node, what: &str, most: u64, called: &str) -> Option<u64> {
        let text = self.text(node, what)?;
        let Some(seconds) = seconds(&text.value) else {
            self.error(text.span, format!("`{what}` takes a duration, this is `{}`", text.value))
                .help("write a number with its unit: `90s`, `10m`, `1h30m`");
            return None;
        };
        if seconds == 0 || seconds > most {
            self.error(text.span, format!("`{what}` must be more than nothing and at most {called}"));
            return None;
        }
        Some(seconds)
    }
}
