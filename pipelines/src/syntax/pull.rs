//! `pull:` of a step.

use super::reader::Reader;
use crate::{
    plan::Pull,
    suggest::did_you_mean,
    yaml::{Node, Value},
};

/// As other systems spell `missing`.
const ELSEWHERE: [&str; 3] = ["if-not-exists", "if-not-present", "IfNotPresent"];

impl Reader<'_> {
    /// When the registry is asked: a word, or `true` for always and `false` for missing.
    pub(super) fn pull(&mut self, node: &Node) -> Option<Pull> {
        const WANTED: &str = "`always`, `missing` or `never`";
        if let Some(flag) = self.as_flag(node) {
            return Some(flag.into());
        }
        if !matches!(node.value, Value::Scalar(_)) {
            self.wrong(node, "pull", WANTED);
            return None;
        }
        let text = self.text(node, "pull")?;
        let word = text.value.as_str();
        let pull = Pull::of_word(word);
        if pull.is_none() {
            let help = if ELSEWHERE.contains(&word) {
                "write `pull: missing`; that is also what happens without `pull`".to_owned()
            } else if matches!(word, "true" | "false") {
                "remove the quotes".to_owned()
            } else {
                did_you_mean(word, Pull::WORDS).unwrap_or_else(|| format!("write {WANTED}"))
            };
            self.error(text.span, format!("`{word}` is no value of `pull`")).help(help);
        }
        pull
    }
}
