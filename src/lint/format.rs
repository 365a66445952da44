//! Findings for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};
use slipway_pipelines::{
    context::SourceFile,
    diagnostic::{Diagnostic, Severity},
};

fn severity(diagnostic: &Diagnostic) -> &'static str {
    match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// An array of objects. A field without a value is `null`, except that `end_line` and `help` are then left out.
pub(super) fn json(diagnostics: &[Diagnostic], files: &[SourceFile]) -> Value {
    let one = |diagnostic: &Diagnostic| {
        let mut value = json!({
            "severity": severity(diagnostic),
            "message": diagnostic.message,
            "file": (!diagnostic.file.is_empty()).then_some(&diagnostic.file),
            "line": diagnostic.span.map(|span| span.line),
            "column": diagnostic.span.map(|span| span.column),
        });
        if let Some(line) = end_line(diagnostic, files) {
            value["end_line"] = line.into();
        }
        if let Some(help) = &diagnostic.help {
            value["help"] = help.as_str().into();
        }
        value
    };
    diagnostics.iter().map(one).collect()
}

/// Line of the last byte of a finding that is longer than its line.
fn end_line(diagnostic: &Diagnostic, files: &[SourceFile]) -> Option<usize> {
    let span = diagnostic.span?;
    let bytes = &files.iter().find(|file| file.path == diagnostic.file)?.bytes;
    let marked = bytes.get(span.start..span.end)?.trim_ascii_end();
    let breaks = marked.iter().filter(|byte| **byte == b'\n').count();
    (breaks > 0).then_some(span.line + breaks)
}

/// One workflow command a finding.
pub(super) fn github(diagnostics: &[Diagnostic]) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics {
        let mut properties = Vec::new();
        if !diagnostic.file.is_empty() {
            properties.push(format!("file={}", property(&diagnostic.file)));
        }
        if let Some(span) = diagnostic.span {
            properties.push(format!("line={}", span.line));
            properties.push(format!("col={}", span.column));
        }
        let space = if properties.is_empty() { "" } else { " " };
        let help = diagnostic.help.as_ref().map(|help| format!("\nhelp: {help}")).unwrap_or_default();
        let message = data(&format!("{}{help}", diagnostic.message));
        // Writing to a string does not fail.
        let _ = writeln!(text, "::{}{space}{}::{message}", severity(diagnostic), properties.join(","));
    }
    text
}

/// Escaped as the runner of the workflow undoes it.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use slipway_pipelines::diagnostic::Span;

    use super::*;

    fn finding() -> Diagnostic {
        Diagnostic {
            severity: Severity::Error,
            message: "50% of `a`\nis wrong".into(),
            file: "ci/a,b:c.yml".into(),
            span: Some(Span::new(2, 9, 2, 1)),
            help: Some("did you mean `b`?".into()),
        }
    }

    #[test]
    fn github_reads_what_is_escaped() {
        let bare = Diagnostic { severity: Severity::Warning, file: String::new(), span: None, help: None, ..finding() };
        assert_eq!(
            github(&[finding(), bare]),
            "::error file=ci/a%2Cb%3Ac.yml,line=2,col=1::50%25 of `a`%0Ais wrong%0Ahelp: did you mean `b`?\n\
             ::warning::50%25 of `a`%0Ais wrong\n"
        );
    }

    #[test]
    fn json_names_the_place_and_its_last_line() {
        let files = [SourceFile { path: "ci/a,b:c.yml".into(), bytes: b"x\na:\n b: c\n".to_vec() }];
        assert_eq!(
            json(&[finding()], &files),
            json!([{
                "severity": "error", "message": "50% of `a`\nis wrong", "file": "ci/a,b:c.yml",
                "line": 2, "column": 1, "end_line": 3, "help": "did you mean `b`?",
            }])
        );
    }
}
