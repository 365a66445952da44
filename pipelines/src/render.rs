//! Diagnostics as text for a terminal or a page.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet, normalize_untrusted_str};

use crate::{
    context::SourceFile,
    diagnostic::{Diagnostic, Severity, Span},
};

/// Widest line, in characters; longer ones are cut around the place.
const WIDTH: usize = 120;
/// Most of a line that is looked at, in bytes to each side of the place.
const AROUND: usize = 400;

/// Renders findings as rustc does: severity, message, file, line, caret, help. `color` adds ANSI escapes.
/// Text of the files that could steer a terminal is made visible instead.
pub fn render(diagnostics: &[Diagnostic], files: &[SourceFile], color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() }.term_width(WIDTH);
    let mut text = String::new();
    for diagnostic in diagnostics {
        text.push_str(&one(diagnostic, files, &renderer));
        text.push_str("\n\n");
    }
    if let Some(summary) = summary(diagnostics) {
        text.push_str(&summary);
        text.push('\n');
    }
    text
}

fn one(diagnostic: &Diagnostic, files: &[SourceFile], renderer: &Renderer) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let place = diagnostic.span.and_then(|span| {
        let file = files.iter().find(|file| file.path == diagnostic.file)?;
        excerpt(&file.bytes, span)
    });
    let path = safe(&diagnostic.file);
    let mut elements: Vec<Element<'_>> = Vec::new();
    match diagnostic.span {
        None if path.is_empty() => {}
        None => elements.push(Origin::path(&path).into()),
        Some(span) => {
            let shown = place.as_ref().filter(|place| !place.is_cut);
            if shown.is_none() {
                elements.push(Origin::path(&path).line(span.line).char_column(span.column).into());
            }
            if let Some(place) = &place {
                let annotation = AnnotationKind::Primary.span(place.marked.clone());
                let snippet = Snippet::source(&place.text).line_start(span.line).annotation(annotation);
                elements.push(if place.is_cut { snippet } else { snippet.path(&path) }.into());
            }
        }
    }
    let message = safe(&diagnostic.message);
    let help = diagnostic.help.as_deref().map(safe);
    let mut group = Group::with_title(level.primary_title(&message)).elements(elements);
    if let Some(help) = &help {
        group = group.element(Level::HELP.message(help));
    }
    renderer.render(&[group])
}

/// The line of a place, or the part of it that matters.
struct Excerpt {
    text: String,
    /// What to underline, in bytes of `text`.
    marked: Range<usize>,
    /// The line's beginning is not in it, so columns count from elsewhere.
    is_cut: bool,
}

/// Cuts the line that a span begins on. Works on any bytes: a file that is no UTF-8 is shown as far as it is. `None` when
/// the place is not in the file.
fn excerpt(bytes: &[u8], span: Span) -> Option<Excerpt> {
    if span.start > bytes.len() {
        return None;
    }
    let is_break = |b: &u8| matches!(b, b'\n' | b'\r');
    let line_start = bytes[..span.start].iter().rposition(is_break).map_or(0, |at| at + 1);
    let line_end = bytes[span.start..].iter().position(is_break).map_or(bytes.len(), |at| span.start + at);
    let start = line_start.max(span.start.saturating_sub(AROUND));
    let end = line_end.min(span.start.saturating_add(AROUND));
    let mut marked_end = span.end.clamp(span.start, end);
    while marked_end > span.start && bytes[marked_end - 1].is_ascii_whitespace() {
        marked_end -= 1;
    }
    let mut text = lossy(&bytes[start..span.start]);
    let from = text.len();
    text.push_str(&lossy(&bytes[span.start..marked_end]));
    let to = text.len();
    text.push_str(&lossy(&bytes[marked_end..end]));
    Some(Excerpt { text, marked: from..to, is_cut: start > line_start })
}

/// Text of any bytes, without the control characters that the renderer leaves alone.
fn lossy(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.chars().map(|c| if ('\u{80}'..='\u{9f}').contains(&c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// Text of messages, with nothing in it that steers a terminal.
fn safe(text: &str) -> String {
    normalize_untrusted_str(&lossy(text.as_bytes()))
}

fn summary(diagnostics: &[Diagnostic]) -> Option<String> {
    let count = |severity: Severity, word: &str| match diagnostics.iter().filter(|d| d.severity == severity).count() {
        0 => None,
        1 => Some(format!("1 {word}")),
        many => Some(format!("{many} {word}s")),
    };
    match (count(Severity::Error, "error"), count(Severity::Warning, "warning")) {
        (None, None) => None,
        (Some(errors), None) => Some(format!("{errors}; the pipeline does not run")),
        (None, Some(warnings)) => Some(format!("{warnings}; the pipeline runs")),
        (Some(errors), Some(warnings)) => Some(format!("{errors}, {warnings}; the pipeline does not run")),
    }
}
