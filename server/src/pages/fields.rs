//! Fields of forms.

use axum::Form;

pub(super) use crate::links::escape;

/// Fields in their order; a box that is ticked is one of its own. May hold secrets: never logged.
pub(super) type Fields = Form<Vec<(String, String)>>;

/// Every field of a name.
pub(super) fn all<'a>(fields: &'a [(String, String)], name: &'a str) -> impl Iterator<Item = &'a str> {
    fields.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.as_str())
}

/// A field; empty when it was not sent.
pub(super) fn one<'a>(fields: &'a [(String, String)], name: &'a str) -> &'a str {
    all(fields, name).next().unwrap_or_default()
}

/// What somebody typed: browsers end every line with CR LF, which no key file has.
pub(super) fn text(sent: &str) -> String {
    sent.replace("\r\n", "\n")
}

/// Words on lines of their own or between commas.
pub(super) fn lines(sent: &str) -> Vec<String> {
    sent.split([',', '\n']).map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}
