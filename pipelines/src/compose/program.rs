//! `command` and `entrypoint`: a text that is split as a shell does, or a list.

use super::service::Service;
use crate::{
    plan::Program,
    yaml::{Node, Value},
};

impl Service<'_, '_> {
    /// What runs: `command` replaces the image's own, and `entrypoint` both.
    pub(super) fn program(&mut self, node: &Node) -> Program {
        let command = node.given("command").and_then(|node| self.words(node, "command"));
        let entrypoint = node.given("entrypoint").and_then(|node| self.words(node, "entrypoint"));
        match (entrypoint, command.unwrap_or_default()) {
            (None, arguments) if arguments.is_empty() => Program::Image,
            (None, arguments) => Program::Arguments { arguments },
            (Some(mut entrypoint), command) => {
                entrypoint.extend(command);
                if entrypoint.first().is_none_or(String::is_empty) {
                    let at = node.key_span("entrypoint").unwrap_or(node.span);
                    self.error(at, format!("{} has an empty `entrypoint` and no `command`", self.what()))
                        .help("write the program below `command`");
                }
                Program::Entrypoint { entrypoint }
            }
        }
    }

    /// A text in words, or a list of them. Variables in it are replaced, but none from outside that is more than a word.
    pub(super) fn words(&mut self, node: &Node, what: &str) -> Option<Vec<String>> {
        match &node.value {
            Value::Scalar(scalar) => {
                let text = self.program_text(&scalar.text, node)?;
                let Some(words) = split(&text) else {
                    self.error(node.span, format!("a quote in the `{what}` of {} is not closed", self.what()))
                        .help("close it, or write a list of words");
                    return None;
                };
                Some(words)
            }
            Value::List(items) => {
                let mut words = Vec::with_capacity(items.len());
                for item in items {
                    match &item.value {
                        Value::Scalar(scalar) if !scalar.is_null() => {
                            words.push(self.program_text(&scalar.text, item)?)
                        }
                        _ => {
                            self.reader.wrong(item, what, "text or a list of texts");
                            return None;
                        }
                    }
                }
                Some(words)
            }
            Value::Map(_) => {
                self.reader.wrong(node, what, "text or a list of texts");
                None
            }
        }
    }

    /// A text that becomes part of a program.
    pub(super) fn program_text(&mut self, text: &str, node: &Node) -> Option<String> {
        let outcome = self.interpolate(text, node.span)?;
        if let Some(name) = outcome.outside {
            self.error(
                node.span,
                format!("the value of `{name}` comes from outside and may not become part of a program"),
            )
            .help(format!("write `$${name}`: the container has it in its environment, where its shell finds it"));
            return None;
        }
        if outcome.text.contains('\0') {
            self.error(node.span, "a program cannot hold a NUL character");
            return None;
        }
        Some(outcome.text)
    }
}

/// Words of a text, as a POSIX shell splits them: quotes, backslashes, nothing else. `None`: a quote that is not closed.
pub(super) fn split(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            ' ' | '\t' | '\n' | '\r' => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match characters.next()? {
                        '\'' => break,
                        other => word.push(other),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match characters.next()? {
                        '"' => break,
                        '\\' => match characters.next()? {
                            escaped @ ('"' | '\\' | '$' | '`') => word.push(escaped),
                            '\n' => {}
                            other => word.extend(['\\', other]),
                        },
                        other => word.push(other),
                    }
                }
            }
            '\\' => match characters.next()? {
                '\n' => {}
                other => word.get_or_insert_default().push(other),
            },
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn texts_are_split_as_a_shell_does() {
        for (text, wanted) in [
            ("redis-server --appendonly yes", &["redis-server", "--appendonly", "yes"][..]),
            ("sh -c 'a b' \"c \\\"d\\\" \\n\" e\\ f", &["sh", "-c", "a b", "c \"d\" \\n", "e f"]),
            ("  a\n\tb  ", &["a", "b"]),
            ("'' \"\"", &["", ""]),
            ("a'b'\"c\"", &["abc"]),
            ("", &[]),
        ] {
            assert_eq!(split(text).unwrap(), wanted, "{text}");
        }
        for text in ["'a", "a \"b", "a\\"] {
            assert_eq!(split(text), None, "{text}");
        }
    }
}
