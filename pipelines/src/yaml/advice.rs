//! What is wrong with text that is no YAML, in words for people who do not know how a parser works.

use serde_yaml::granit_parser::ErrorKind;

/// What is said about a mistake, and where.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Advice {
    /// Byte of the text that the mistake is at; the parser often notices it later.
    pub(super) start: usize,
    /// Goes after "this is not valid YAML: ".
    pub(super) reason: String,
    pub(super) help: Option<String>,
}

/// `at` is where the parser noticed it.
pub(super) fn advise(kind: &ErrorKind, text: &str, at: usize) -> Advice {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let here = |reason: &str, help: &str| advice(at, reason, help);
    match kind {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::InvalidBlockEntryWhitespace => {
            advice(tab(text, at), "a tab is where only spaces can be", "indent with spaces")
        }
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey | ErrorKind::ExpectedBlockMappingKey => {
            key(text, at)
        }
        ErrorKind::ExpectedBlockSequenceEntry => here(
            "an item of the list before, which begins with `- `, is expected here",
            "indent the line like the keys of the item that it belongs to",
        ),
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement => colon(text, at),
        ErrorKind::UnexpectedCharacter { character } => {
            here(&format!("a value cannot begin with `{character}`"), "put the value in quotes")
        }
        ErrorKind::MissingAnchorOrAliasName => {
            here("a name must follow `*` and `&`, which begin an alias and an anchor", "put the value in quotes: `'*'`")
        }
        ErrorKind::InvalidTrailingSingleQuotedScalar | ErrorKind::InvalidTrailingDoubleQuotedScalar => here(
            "the value ends with its second quote, and more text follows",
            "put the whole value in the other kind of quotes, or write `|` and the text on the next line, indented",
        ),
        ErrorKind::UnknownQuotedScalarEscape => advice(
            escape(text, at),
            "this is no escape that double quotes know",
            "use single quotes, or write `\\\\` for a backslash",
        ),
        ErrorKind::UnclosedQuotedScalar => here("this quote is not closed", "close it, or remove it"),
        ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofImplicitFlowMapping
        | ErrorKind::ExpectedFlowMappingSeparator
        | ErrorKind::ExpectedFlowSequenceSeparator
        | ErrorKind::UnclosedFlowCollection { .. }
        | ErrorKind::InvalidFlowScalarIndent
        | ErrorKind::BlockEntryInFlowCollection => open_bracket(text, at).unwrap_or_else(|| {
            here("a comma or a closing bracket is expected here", "quote text that has brackets in it")
        }),
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            here(&format!("`{open}` is closed by `{close}`"), "close each bracket by its own kind")
        }
        ErrorKind::MisplacedFlowCollectionEnd => {
            here("this bracket closes nothing", "remove it, or put the value in quotes")
        }
        ErrorKind::BlockSequenceEntryNotAllowed => {
            here("a list cannot begin here", "put it on the next line, or quote the value if the `-` is part of it")
        }
        ErrorKind::InvalidIndentation | ErrorKind::InvalidBlockScalarIndent | ErrorKind::InvalidQuotedScalarIndent => {
            open_quote(text, at).unwrap_or_else(|| {
                here("the line is not indented as those before it", "keys of one map begin in the same column")
            })
        }
        other => {
            let reason = other.to_string();
            let reason = if reason.is_empty() { "the text is not understood".to_owned() } else { reason };
            Advice { start: at, reason, help: None }
        }
    }
}

fn advice(start: usize, reason: &str, help: &str) -> Advice {
    Advice { start, reason: reason.to_owned(), help: Some(help.to_owned()) }
}

/// The line that a place is on, and where it begins.
fn line(text: &str, at: usize) -> (usize, &str) {
    let start = text[..at].rfind('\n').map_or(0, |before| before + 1);
    (start, text[start..].lines().next().unwrap_or_default())
}

/// The first tab in the indentation of this line or one after it.
fn tab(text: &str, at: usize) -> usize {
    let (mut start, _) = line(text, at);
    for line in text[start..].split_inclusive('\n') {
        let indent = line.len() - line.trim_start_matches([' ', '\t', '-']).len();
        if let Some(tab) = line[..indent].find('\t') {
            return start + tab;
        }
        start += line.len();
    }
    at
}

/// A line that has no key where one must be.
fn key(text: &str, at: usize) -> Advice {
    let (start, line) = line(text, at);
    let indent = line.len() - line.trim_start_matches([' ', '-']).len();
    let content = &line[indent..];
    let word = content.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))).unwrap_or(content.len());
    if word > 0 && content[word..].starts_with(':') && content.len() > word + 1 && !content[word + 1..].starts_with(' ')
    {
        let (name, value): (&str, String) = (&content[..word], content[word + 1..].chars().take(60).collect());
        return advice(
            start + indent + word,
            "a space is missing after the colon",
            &format!("write `{name}: {value}`"),
        );
    }
    if line.trim_start().starts_with('-') {
        return advice(
            at,
            "the item is not in the column of a list before it",
            "indent it like the other items of its list",
        );
    }
    advice(
        at,
        "a key and its `:` are expected here",
        "indent the line like those that it belongs to; text after `|` is indented deeper than the line with the `|`",
    )
}

/// A `: ` where none can be.
fn colon(text: &str, at: usize) -> Advice {
    if let Some(advice) = open_bracket(text, at) {
        return advice;
    }
    let (start, line) = line(text, at);
    if text[start..at].contains(": ") {
        return advice(at, "a second `: ` is on this line", "put the whole value in quotes");
    }
    advice(
        start + line.len() - line.trim_start_matches([' ', '-']).len(),
        "the line before has a value already, so no deeper key can follow",
        "indent the key like the one before it; a `-` takes a space after it",
    )
}

/// An escape that is none, from the quote on.
fn escape(text: &str, at: usize) -> usize {
    let mut rest = text[at..].char_indices().peekable();
    while let Some((place, c)) = rest.next() {
        if c == '\\' {
            match rest.next() {
                Some((_, c)) if "0abt\tnvfre \"/\\N_LPxuU\r\n".contains(c) => {}
                _ => return at + place,
            }
        }
    }
    at
}

/// The value on one of the last lines that begins with a quote and has no second one.
fn open_quote(text: &str, at: usize) -> Option<Advice> {
    const MOST_LINES: usize = 20;
    let mut end = at;
    for line in text[..at].rsplit('\n').take(MOST_LINES) {
        let start = end - line.len();
        let value =
            line.rfind(": ").map(|colon| colon + 2).or_else(|| line.find("- ").map(|dash| dash + 2)).unwrap_or(0);
        let first = line[value..].chars().next().filter(|c| matches!(c, '"' | '\''));
        if let Some(quote) = first
            && line[value..].matches(quote).count() == 1
        {
            return Some(advice(start + value, "this quote is not closed", "close it, or remove it"));
        }
        end = start.saturating_sub(1);
    }
    None
}

/// The bracket before a place that is not closed, if one on the last lines is not.
fn open_bracket(text: &str, at: usize) -> Option<Advice> {
    const FARTHEST: usize = 2000;
    let mut closed = 0u32;
    for (place, c) in text[..at].char_indices().rev().take(FARTHEST) {
        match c {
            ']' | '}' => closed += 1,
            '[' | '{' if closed > 0 => closed -= 1,
            '[' | '{' => {
                let close = if c == '[' { ']' } else { '}' };
                let reason = format!("this `{c}` is not closed before the next key");
                return Some(advice(place, &reason, &format!("close it with `{close}`, or quote the value")));
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_where_the_mistake_is() {
        let of = |kind: ErrorKind, text: &str, at: usize| advise(&kind, text, at).start;
        assert_eq!(of(ErrorKind::TabInPlainScalar, "a:\n  b: c\n\td: e\n", 8), 10);
        assert_eq!(of(ErrorKind::SimpleKeyExpected, "a:\n  b:c\n", 5), 6);
        assert_eq!(of(ErrorKind::UnknownQuotedScalarEscape, "a: \"x\\n\\d\"", 3), 7);
        assert_eq!(of(ErrorKind::InvalidIndentation, "a:\n  - \"b\n  c\nd:\n", 13), 7);
        assert_eq!(of(ErrorKind::InvalidColonPlacement, "a: [b\nc: d\n", 7), 3);
    }

    #[test]
    fn any_place_is_taken() {
        for kind in [
            ErrorKind::TabNotAllowed,
            ErrorKind::SimpleKeyExpected,
            ErrorKind::MappingValueNotAllowed,
            ErrorKind::UnknownQuotedScalarEscape,
            ErrorKind::UnclosedQuotedScalar,
            ErrorKind::InvalidIndentation,
        ] {
            for text in ["", "é", "\n", "-\té: ", "a:b\r\n", "\\", "\"\\"] {
                for at in 0..=text.len() + 2 {
                    let start = advise(&kind, text, at).start;
                    assert!(text.is_char_boundary(start), "{kind:?} {text:?} {at}");
                }
            }
        }
    }
}
