//! `env_file:` and `.env`: lines of `NAME=value`.

use std::collections::BTreeMap;

use crate::{
    diagnostic::Span,
    include::path_in_repository,
    report::Report,
    yaml::{Node, Value},
};

/// A file that a service names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct EnvFile {
    /// In the repository.
    pub(super) path: String,
    pub(super) span: Span,
    /// Missing is fine.
    pub(super) optional: bool,
}

/// A variable of such a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Line<'t> {
    pub(super) name: &'t str,
    /// `None`: what is set already.
    pub(super) value: Option<String>,
    /// Whether `$` in the value counts: not in single quotes.
    pub(super) counts: bool,
    /// Where the line is: first byte, one past the last, number from 1.
    pub(super) at: (usize, usize, usize),
}

/// The files that a service names, in their order.
pub(super) fn paths(service: &Node, folder: &str, report: &mut Report) -> Vec<EnvFile> {
    let Some(node) = service.given("env_file") else { return Vec::new() };
    let items = match &node.value {
        Value::List(items) => items.as_slice(),
        Value::Scalar(_) | Value::Map(_) => std::slice::from_ref(node),
    };
    let mut files = Vec::new();
    for item in items {
        let (path, optional) = match &item.value {
            Value::Map(_) => {
                let required = match item.given("required").map(|node| &node.value) {
                    Some(Value::Scalar(scalar)) => scalar.as_bool().unwrap_or(true),
                    _ => true,
                };
                (item.given("path"), !required)
            }
            Value::Scalar(_) | Value::List(_) => (Some(item), false),
        };
        let Some(Value::Scalar(scalar)) = path.map(|path| &path.value) else {
            report.error(item.span, format!("`env_file` takes paths, this is {}", item.kind()));
            continue;
        };
        match resolved(&scalar.text, folder) {
            Ok(path) => files.push(EnvFile { path, span: item.span, optional }),
            Err(why) => {
                report
                    .error(item.span, format!("`{}` is no `env_file`: it {why}", scalar.text.escape_debug()))
                    .help("write the path of a file in the repository, relative to the compose file");
            }
        }
    }
    files
}

/// A path relative to the compose file as one of the repository.
fn resolved(path: &str, folder: &str) -> Result<String, &'static str> {
    if path.contains('$') {
        return Err("has a variable in it, and files are read before anything is replaced");
    }
    if path.starts_with('/') {
        return Err("is absolute");
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop().ok_or("leaves the repository with `..`")?),
            part => parts.push(part),
        }
    }
    path_in_repository(&parts.join("/"))
}

/// The variables of a file; `Err` is the place of a line that is none.
pub(super) fn lines(text: &str) -> Vec<Result<Line<'_>, (usize, usize, usize)>> {
    let mut lines = Vec::new();
    let mut start = 0;
    for (number, whole) in text.split_inclusive('\n').enumerate() {
        let line = whole.trim();
        let first = start + (whole.len() - whole.trim_start().len());
        let at = (first, first + line.len(), number + 1);
        start += whole.len();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
        let (name, value) = match line.split_once('=') {
            Some((name, value)) => (name.trim_end(), Some(value.trim_start())),
            None => (line, None),
        };
        let is_name = !name.is_empty() && !name.contains(char::is_whitespace);
        match value.map(unquoted) {
            _ if !is_name => lines.push(Err(at)),
            None => lines.push(Ok(Line { name, value: None, counts: false, at })),
            Some(Some((value, counts))) => lines.push(Ok(Line { name, value: Some(value), counts, at })),
            Some(None) => lines.push(Err(at)),
        }
    }
    lines
}

/// A value without its quotes, and whether `$` counts in it. `None`: a quote that is not closed.
fn unquoted(text: &str) -> Option<(String, bool)> {
    if let Some(rest) = text.strip_prefix('\'') {
        return rest.split_once('\'').map(|(value, _)| (value.to_owned(), false));
    }
    let Some(rest) = text.strip_prefix('"') else {
        let end = text.find(" #").unwrap_or(text.len());
        return Some((text[..end].trim_end().to_owned(), true));
    };
    let mut value = String::new();
    let mut characters = rest.chars();
    loop {
        match characters.next()? {
            '"' => return Some((value, true)),
            '\\' => match characters.next()? {
                'n' => value.push('\n'),
                't' => value.push('\t'),
                'r' => value.push('\r'),
                '$' => value.push_str("$$"),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
}

/// The variables of `.env`, as they stand there; lines that are none are left out.
pub(super) fn plain(text: &str) -> BTreeMap<String, String> {
    let lines = lines(text).into_iter().flatten();
    lines.filter_map(|line| Some((line.name.to_owned(), line.value?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_compose_does() {
        let text = "# c\n\nA=1\n export B = two words # not this\nC='$X \"#'\nD=\"a\\nb \\$x # \\\"q\\\"\"\nE=\nF\nG=a#b\r\n1 2=3\nH=\"open\n";
        let read: Vec<_> = lines(text)
            .into_iter()
            .map(|line| match line {
                Ok(line) => format!(
                    "{}={}{}",
                    line.name,
                    line.value.as_deref().unwrap_or("?"),
                    if line.counts { "" } else { "!" }
                ),
                Err((_, _, number)) => format!("line {number}"),
            })
            .collect();
        assert_eq!(
            read,
            ["A=1", "B=two words", "C=$X \"#!", "D=a\nb $$x # \"q\"", "E=", "F=?!", "G=a#b", "line 10", "line 11"]
        );
        let Some(Ok(line)) = lines("A=1\n  BC=2\n").into_iter().nth(1) else { panic!() };
        assert_eq!(line.at, (6, 10, 2));
    }

    #[test]
    fn paths_stay_in_the_repository() {
        assert_eq!(resolved("./a.env", "").as_deref(), Ok("a.env"));
        assert_eq!(resolved("../env/a", "deploy").as_deref(), Ok("env/a"));
        for path in ["../a", "/etc/environment", "${X}.env", "", "."] {
            assert!(resolved(path, "").is_err(), "{path}");
        }
    }
}
