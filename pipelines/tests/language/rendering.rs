//! Diagnostics as text.

use slipway_pipelines::{
    compile::compile,
    context::SourceFile,
    diagnostic::{Diagnostic, Severity, Span},
    render::render,
};

use crate::common::*;

fn of(path: &str, bytes: &[u8]) -> String {
    let files = [SourceFile { path: path.into(), bytes: bytes.to_vec() }];
    render(&compile(&files, &push()).diagnostics, &files, false)
}

#[test]
fn a_finding_shows_its_line_and_what_to_do() {
    let text = of(".slipway.yml", b"steps:\n  a:\n    image: x\n    comands: [y]\n");
    assert_eq!(
        text,
        "error: unknown key `comands` in step `a`
 --> .slipway.yml:4:5
  |
4 |     comands: [y]
  |     ^^^^^^^
  |
  = help: did you mean `commands`?

1 error; the pipeline does not run
"
    );
}

#[test]
fn colour_is_only_there_when_asked_for() {
    let files = [file(".slipway.yml", "foo: 1\n")];
    let found = compile(&files, &push()).diagnostics;
    assert!(!render(&found, &files, false).contains('\u{1b}'));
    assert!(render(&found, &files, true).contains('\u{1b}'));
    assert_eq!(render(&[], &files, true), "");
}

#[test]
fn bytes_that_are_no_text_are_shown_as_far_as_they_are() {
    let text = of(".slipway.yml", b"steps:\n  \xc3\xa4: \xff\xfe image\n");
    assert!(text.contains("the file is not UTF-8 text from here on\n --> .slipway.yml:2:6"), "{text}");
    assert!(text.contains("help: save it as UTF-8"), "{text}");
}

#[test]
fn what_steers_a_terminal_is_made_visible() {
    let text = of(".slipway.yml", "\u{9b}31m: 1\n\"a\\e]0;x\\ab\": \u{202e}\n".as_bytes());
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    assert!(!text.contains('\u{202e}'));
}

#[test]
fn endless_lines_are_cut_and_keep_their_column() {
    let line = format!(
        "steps: {{a: {{image: x, commands: [{}], foo: 1, bar: [{}]}}}}\n",
        "y, ".repeat(2000),
        "z,".repeat(9000)
    );
    let text = of(".slipway.yml", line.as_bytes());
    assert!(text.contains(".slipway.yml:1:6037") && text.len() < 4000, "{text}");
}

#[test]
fn findings_without_a_place_or_file_are_shown_too() {
    let finding = |file: &str, span: Option<Span>| Diagnostic {
        severity: Severity::Warning,
        message: "odd".into(),
        file: file.into(),
        span,
        help: None,
    };
    let files = [file("a.yml", "x: 1\n")];
    assert_eq!(render(&[finding("", None)], &files, false), "warning: odd\n\n1 warning; the pipeline runs\n");
    assert!(render(&[finding("a.yml", None)], &files, false).contains("--> a.yml\n"));
    let beyond = Span::new(900, 901, 40, 2);
    assert!(render(&[finding("a.yml", Some(beyond))], &files, false).contains("--> a.yml:40:2"));
    assert!(render(&[finding("gone.yml", Some(beyond))], &files, false).contains("--> gone.yml:40:2"));
}
