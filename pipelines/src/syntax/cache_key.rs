//! The text of a cache's key -> its parts.

use crate::plan::KeyPart;

/// What is wrong with a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Wrong {
    pub(super) message: String,
    pub(super) help: &'static str,
}

const KNOWN: &str = "write `{{ checksum \"FILE\" }}` or `{{ platform }}`; a variable is `${NAME}`";

fn wrong(message: impl Into<String>, help: &'static str) -> Wrong {
    Wrong { message: message.into(), help }
}

/// Splits a key at its `{{ … }}`.
pub(super) fn parse(text: &str) -> Result<Vec<KeyPart>, Wrong> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        let (before, from) = rest.split_at(start);
        if before.ends_with('$') {
            return Err(wrong("`${{ … }}` is GitHub's syntax", "write it without `$`: `{{ checksum \"FILE\" }}`"));
        }
        let Some((inside, after)) = inside(&from[2..]) else {
            return Err(wrong("a `{{` of the key has no `}}`", KNOWN));
        };
        if !before.is_empty() {
            parts.push(KeyPart::Text(before.to_owned()));
        }
        parts.push(call(inside.trim())?);
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(KeyPart::Text(rest.to_owned()));
    }
    Ok(parts)
}

/// What is before the `}}` that is in no quotes, and what is after it.
fn inside(text: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), letter) if open == letter => quote = None,
            (None, '}') if text[at..].starts_with("}}") => return Some((&text[..at], &text[at + 2..])),
            _ => {}
        }
    }
    None
}

fn call(text: &str) -> Result<KeyPart, Wrong> {
    let end = text.find(|letter: char| !(letter.is_alphanumeric() || letter == '_')).unwrap_or(text.len());
    let (name, arguments) = text.split_at(end);
    match name {
        "checksum" => {
            let patterns = quoted(arguments.trim())?;
            if patterns.is_empty() {
                return Err(wrong("`checksum` takes a file", "write `{{ checksum \"Gemfile.lock\" }}`"));
            }
            Ok(KeyPart::Checksum(patterns))
        }
        "platform" if arguments.trim().is_empty() => Ok(KeyPart::Platform),
        "hashFiles" => Err(wrong("`hashFiles` is GitHub's", "write `{{ checksum \"**/go.sum\" }}`")),
        "arch" | "os" => Err(wrong(
            format!("`{name}` is no function of a key"),
            "write `{{ platform }}`: the operating system and architecture of the runner",
        )),
        _ => {
            let shown: String = text.chars().take(40).collect();
            Err(wrong(format!("`{{{{ {shown} }}}}` is not understood in a key"), KNOWN))
        }
    }
}

/// Texts in quotes, with spaces or commas between them.
fn quoted(text: &str) -> Result<Vec<String>, Wrong> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(quote) = rest.chars().next() {
        let end = if matches!(quote, '"' | '\'') { rest[1..].find(quote) } else { None };
        let Some(end) = end else {
            return Err(wrong(
                "`checksum` takes files in quotes",
                "write `{{ checksum \"Gemfile.lock\" }}`; several have a space between them",
            ));
        };
        found.push(rest[1..=end].to_owned());
        rest = rest[end + 2..].trim_start_matches(|letter: char| letter.is_whitespace() || letter == ',');
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> KeyPart {
        KeyPart::Text(text.into())
    }

    fn checksum(patterns: &[&str]) -> KeyPart {
        KeyPart::Checksum(patterns.iter().map(|pattern| (*pattern).to_owned()).collect())
    }

    #[test]
    fn a_key_is_split_at_its_functions() {
        assert_eq!(parse("gems"), Ok(vec![text("gems")]));
        assert_eq!(
            parse("a-{{ checksum \"Gemfile.lock\" }}-{{platform}}"),
            Ok(vec![text("a-"), checksum(&["Gemfile.lock"]), text("-"), KeyPart::Platform])
        );
        assert_eq!(parse("{{checksum 'a b' \"c}}d\", 'e'}}"), Ok(vec![checksum(&["a b", "c}}d", "e"])]));
        assert_eq!(parse("a}}b{c}"), Ok(vec![text("a}}b{c}")]));
        assert_eq!(parse(""), Ok(vec![]));
        assert_eq!(parse("é{{ checksum \"ü\" }}ß"), Ok(vec![text("é"), checksum(&["ü"]), text("ß")]));
    }

    #[test]
    fn what_is_not_understood_is_said() {
        for (key, said) in [
            ("a-{{ checksum \"x\"", "a `{{` of the key has no `}}`"),
            ("a-{{ checksum \"x }}", "a `{{` of the key has no `}}`"),
            ("a-{{ checksum x }}", "`checksum` takes files in quotes"),
            ("a-{{ checksum }}", "`checksum` takes a file"),
            ("a-{{ .Branch }}", "`{{ .Branch }}` is not understood in a key"),
            ("a-{{ platform x }}", "`{{ platform x }}` is not understood in a key"),
            ("a-{{ arch }}", "`arch` is no function of a key"),
            ("a-{{}}", "`{{  }}` is not understood in a key"),
            ("a-${{ hashFiles('x') }}", "`${{ … }}` is GitHub's syntax"),
            ("a-{{ hashFiles('x') }}", "`hashFiles` is GitHub's"),
        ] {
            assert_eq!(parse(key).unwrap_err().message, said, "{key}");
        }
    }
}
