//! Text -> parts: what stays, and `${…}`.

use super::operator::Operator;

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'t> {
    /// Stays as it is. `$${` has lost its first `$`.
    Text(&'t str),
    /// `${…}`
    Expression(Expression<'t>),
}

/// One `${…}`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Expression<'t> {
    /// As written, with `${` and `}`.
    pub(super) raw: &'t str,
    pub(super) name: &'t str,
    pub(super) operator: Operator<'t>,
}

/// After so many `${` without an end the rest of a text stays as it is, so that splitting stays linear.
const MOST_NEVER_CLOSED: usize = 16;

/// Splits a text. What is no well-formed `${…}` stays.
pub(super) fn parse(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let (mut rest_at, mut from) = (0, 0);
    let mut never_closed = 0;
    while let Some(found) = text[from..].find("${") {
        let start = from + found;
        if text[..start].ends_with('$') && start > rest_at {
            parts.push(Part::Text(&text[rest_at..start - 1]));
            // From here on the text begins with `${`, and the search goes on after it.
            rest_at = start;
            from = start + 2;
            continue;
        }
        let end = closing(&text[start..]);
        never_closed += usize::from(end.is_none());
        if never_closed > MOST_NEVER_CLOSED {
            break;
        }
        let Some(expression) = end.and_then(|end| expression(&text[start..start + end])) else {
            from = start + 2;
            continue;
        };
        if start > rest_at {
            parts.push(Part::Text(&text[rest_at..start]));
        }
        from = start + expression.raw.len();
        rest_at = from;
        parts.push(Part::Expression(expression));
    }
    if rest_at < text.len() {
        parts.push(Part::Text(&text[rest_at..]));
    }
    parts
}

/// Length of the `${…}` that a text begins with. Looks a bounded way ahead.
fn closing(text: &str) -> Option<usize> {
    const FARTHEST: usize = 8192;
    let mut open = 0usize;
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate().take(FARTHEST) {
        match byte {
            b'{' if at > 0 && bytes[at - 1] == b'$' => open += 1,
            b'}' if open == 1 => return Some(at + 1),
            b'}' => open -= 1,
            _ => {}
        }
    }
    None
}

fn expression(raw: &str) -> Option<Expression<'_>> {
    let inside = raw.strip_prefix("${")?.strip_suffix('}')?;
    if let Some(name) = inside.strip_prefix('#')
        && is_name(name)
    {
        return Some(Expression { raw, name, operator: Operator::Length });
    }
    let end = inside.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(inside.len());
    let (name, operator) = inside.split_at(end);
    if !is_name(name) {
        return None;
    }
    Some(Expression { raw, name, operator: Operator::parse(operator)? })
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
