//! What all decoders use: values of the wanted kind, or a finding.

use crate::{
    context::Trusted,
    diagnostic::{Diagnostic, Span},
    filter::{Expressions, Globs},
    flavour::Flavour,
    report::Report,
    substitute::{TooMuch, Variables, in_text},
    syntax::{keys::Keys, section::section},
    yaml::{Node, Value},
};

/// A value and its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Spanned<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

/// Reads the nodes of one file for one matrix cell.
pub(crate) struct Reader<'a> {
    pub(crate) report: &'a mut Report,
    pub(crate) flavour: Flavour,
    pub(crate) trusted: Trusted,
    pub(crate) variables: &'a Variables<'a>,
    pub(crate) globs: &'a Globs,
    pub(crate) expressions: &'a Expressions,
    /// Secrets that were asked for since somebody looked.
    pub(crate) asks: Vec<Spanned<String>>,
}

/// A caret under a whole section helps nobody.
pub(crate) fn first_line(span: Span) -> Span {
    Span { end: span.start, ..span }
}

impl Reader<'_> {
    /// Something that may not be here.
    pub(crate) fn error(&mut self, at: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.report.error(at, message)
    }

    /// Something of the wrong kind.
    pub(crate) fn wrong(&mut self, node: &Node, what: &str, wanted: &str) -> &mut Diagnostic {
        self.report.error(node.span, format!("`{what}` takes {wanted}, this is {}", node.kind()))
    }

    /// A scalar as text, `${…}` left as it is.
    pub(crate) fn raw_text(&mut self, node: &Node, what: &str) -> Option<Spanned<String>> {
        match &node.value {
            Value::Scalar(scalar) if !scalar.is_null() => {
                self.foreign_reference(&scalar.text, node.span);
                Some(Spanned { value: scalar.text.clone(), span: node.span })
            }
            Value::Map(_) if what == "commands" => {
                let help = if node.get("from_secret").is_some() {
                    "give the step a variable, `environment: {NAME: {from_secret: …}}`, and write `$NAME` here"
                } else {
                    "put the whole command in quotes: its `: ` makes a map of it"
                };
                self.wrong(node, what, "text").help(help);
                None
            }
            _ => {
                self.wrong(node, what, "text");
                None
            }
        }
    }

    /// A scalar as text, with `${…}` replaced.
    pub(crate) fn text(&mut self, node: &Node, what: &str) -> Option<Spanned<String>> {
        let raw = self.raw_text(node, what)?;
        Some(Spanned { value: self.substituted(&raw.value, raw.span), span: raw.span })
    }

    /// A text with `${…}` replaced.
    pub(crate) fn substituted(&mut self, text: &str, at: Span) -> String {
        self.foreign_reference(text, at);
        match in_text(text, self.variables) {
            Ok(text) => text,
            Err(error) => {
                self.too_much(at, &error);
                String::new()
            }
        }
    }

    /// GitHub's `${{ … }}` is nothing here, and no shell understands it either.
    fn foreign_reference(&mut self, text: &str, at: Span) {
        if text.contains("${{") && !self.report.is_full() {
            self.report
                .warning(at, "`${{ … }}` is not replaced: it is GitHub's syntax")
                .help("write `${NAME}` for a variable; a secret is `{from_secret: name}` as a value of `environment`");
        }
    }

    pub(crate) fn too_much(&mut self, at: Span, error: &TooMuch) {
        self.report.error(at, error.to_string()).help("take the value from the environment: `$NAME`");
    }

    /// One text, or a list of them.
    pub(crate) fn texts(&mut self, node: &Node, what: &str) -> Vec<Spanned<String>> {
        self.one_or_more(node, what, Self::text)
    }

    /// One text, or a list of them, with `${…}` left as it is.
    pub(crate) fn raw_texts(&mut self, node: &Node, what: &str) -> Vec<Spanned<String>> {
        self.one_or_more(node, what, Self::raw_text)
    }

    fn one_or_more(
        &mut self,
        node: &Node,
        what: &str,
        read: impl Fn(&mut Self, &Node, &str) -> Option<Spanned<String>>,
    ) -> Vec<Spanned<String>> {
        match &node.value {
            Value::List(items) => items.iter().filter_map(|item| read(self, item, what)).collect(),
            Value::Scalar(scalar) if scalar.is_null() => Vec::new(),
            Value::Scalar(_) => read(self, node, what).into_iter().collect(),
            Value::Map(_) => {
                self.wrong(node, what, "text or a list of texts");
                Vec::new()
            }
        }
    }

    /// Yes or no. `${…}` may stand for it.
    pub(crate) fn flag(&mut self, node: &Node, what: &str) -> Option<bool> {
        if let Some(flag) = self.as_flag(node) {
            return Some(flag);
        }
        let is_quoted =
            matches!(&node.value, Value::Scalar(scalar) if !scalar.plain && matches!(&*scalar.text, "true" | "false"));
        let found = self.wrong(node, what, "`true` or `false`");
        if is_quoted {
            found.help("remove the quotes");
        }
        None
    }

    /// Yes or no, without a word when it is neither.
    pub(crate) fn as_flag(&mut self, node: &Node) -> Option<bool> {
        let Value::Scalar(scalar) = &node.value else { return None };
        let text = self.substituted(&scalar.text, node.span);
        crate::yaml::Scalar { text, plain: scalar.plain }.as_bool()
    }

    /// The entries of a map, with the keys that `keys` does not know reported. `None` when it is no map.
    pub(crate) fn section<'n>(&mut self, node: &'n Node, what: &str, keys: &Keys) -> Option<&'n Node> {
        section(node, what, keys, self.flavour, self.report)
    }
}

impl Node {
    /// The entries of a map; nothing of anything else.
    pub(crate) fn entries(&self) -> &[crate::yaml::Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            Value::List(_) | Value::Scalar(_) => &[],
        }
    }

    /// The value of a key that is not empty.
    pub(crate) fn given(&self, key: &str) -> Option<&Self> {
        self.get(key).filter(|value| !value.is_null())
    }

    /// The place of a key.
    pub(crate) fn key_span(&self, key: &str) -> Option<Span> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| entry.key_span)
    }
}
