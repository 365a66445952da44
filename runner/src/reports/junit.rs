//! JUnit XML, which nobody owns: `testsuites`, `testsuite`, `testcase`, and in it how the case ended, as surefire began it and
//! pytest, rspec, jest, go-junit-report, gotestsum, nextest, PHPUnit and GoogleTest write it.

use std::io::Read;

use slipway_pipelines::wire::{MOST_MESSAGE, MOST_NAME, TestCase, TestOutcome};

use super::{
    Goes, Item, Take, Unreadable,
    input::Input,
    xml::{Document, Element, Piece},
};

/// A suite that is open.
struct Suite {
    name: String,
    file: Option<String>,
}

/// A case that is open.
struct Open {
    case: TestCase,
    /// How the element in it that is open ended the case.
    part: Option<Part>,
    /// Elements open below the case.
    depth: usize,
}

/// `failure` and its like.
struct Part {
    /// Says more than what was said before.
    counts: bool,
    title: String,
    /// For want of anything better.
    kind: String,
    text: String,
}

pub(super) fn read<R: Read>(input: Input<R>, take: Take<'_>) -> Result<(), Unreadable> {
    let mut document = Document::new(input);
    let mut suites: Vec<Option<Suite>> = Vec::new();
    let mut open: Option<Open> = None;
    while let Some(piece) = document.next()? {
        match (&mut open, piece) {
            (Some(case), Piece::Start(element)) => case.enter(&element),
            (Some(case), Piece::Text(text)) => case.text(&text),
            (Some(case), Piece::End) if case.depth > 0 => case.leave(),
            (Some(_), Piece::End) => {
                let Some(done) = open.take() else { continue };
                match take(Item::Case(done.case)).map_err(|why| document.wrong(why))? {
                    Goes::Continue(()) => {}
                    Goes::Break(()) => return Ok(()),
                }
            }
            (None, Piece::Start(element)) => match element.name.as_str() {
                "testcase" => open = Some(Open::new(&element, &suites)),
                "testsuite" => suites.push(Some(Suite {
                    name: named(&element, "name").to_owned(),
                    file: element.get("file").or_else(|| element.get("filepath")).map(cut_name),
                })),
                other if suites.is_empty() && other != "testsuites" => {
                    let shown: String = other.chars().take(40).collect();
                    return Err(document.wrong(format!("it begins with `<{shown}>`, JUnit XML with `<testsuites>`")));
                }
                _ => suites.push(None),
            },
            (None, Piece::End) => drop(suites.pop()),
            (None, Piece::Text(_)) => {}
        }
    }
    Ok(())
}

fn named<'a>(element: &'a Element, attribute: &str) -> &'a str {
    element.get(attribute).unwrap_or_default().trim()
}

impl Open {
    fn new(element: &Element, suites: &[Option<Suite>]) -> Self {
        let open = || suites.iter().flatten();
        let suite = match named(element, "classname") {
            "" => {
                open().map(|suite| suite.name.as_str()).filter(|name| !name.is_empty()).collect::<Vec<_>>().join(" / ")
            }
            class => class.to_owned(),
        };
        let file = element.get("file").map(cut_name).or_else(|| open().rev().find_map(|suite| suite.file.clone()));
        let word = |name| element.get(name).unwrap_or_default().to_ascii_lowercase();
        // Said without an element by GoogleTest, JUnit 5 and others.
        let outcome = match (word("status").as_str(), word("result").as_str()) {
            ("failed" | "failure" | "fail", _) | (_, "failed" | "failure") => TestOutcome::Failed,
            ("error", _) | (_, "error") => TestOutcome::Error,
            ("skipped" | "disabled" | "notrun" | "ignored" | "pending", _) | (_, "skipped" | "suppressed") => {
                TestOutcome::Skipped
            }
            _ => TestOutcome::Passed,
        };
        let case = TestCase {
            suite: cut(&suite, MOST_NAME).to_owned(),
            name: cut(named(element, "name"), MOST_NAME).to_owned(),
            file: file.filter(|file| !file.is_empty()),
            outcome,
            duration_ms: element.get("time").and_then(duration),
            message: String::new(),
            flaked: false,
        };
        Self { case, part: None, depth: 0 }
    }

    fn enter(&mut self, element: &Element) {
        self.depth += 1;
        if self.depth > 1 {
            return;
        }
        let (outcome, flaked) = match element.name.as_str() {
            "failure" => (Some(TestOutcome::Failed), false),
            "error" => (Some(TestOutcome::Error), false),
            "skipped" | "disabled" | "ignored" => (Some(TestOutcome::Skipped), false),
            // The tool tried it again and it passed; a `rerunFailure` stands beside the failure that counts.
            "flakyFailure" | "flakyError" => (None, true),
            _ => return,
        };
        // The first that is said stays, unless it is less bad.
        let counts = outcome.is_none_or(|outcome| !self.case.outcome.is_bad() || outcome == self.case.outcome);
        if let Some(outcome) = outcome.filter(|_| counts) {
            self.case.outcome = outcome;
        }
        self.case.flaked |= flaked;
        let part = |name| cut(named(element, name), MOST_MESSAGE).to_owned();
        let counts = counts && self.case.message.is_empty();
        self.part = Some(Part { counts, title: part("message"), kind: part("type"), text: String::new() });
    }

    fn text(&mut self, text: &str) {
        if let Some(part) = self.part.as_mut().filter(|_| self.depth > 0)
            && part.text.len() < MOST_MESSAGE
        {
            let text = if part.text.is_empty() { text.trim_start() } else { text };
            part.text.push_str(cut(text, MOST_MESSAGE));
        }
    }

    fn leave(&mut self) {
        self.depth -= 1;
        if self.depth > 0 {
            return;
        }
        let Some(Part { counts: true, mut title, kind, text }) = self.part.take() else { return };
        let text = text.trim();
        if title.is_empty() && text.is_empty() {
            title = kind;
        }
        let message = if text.is_empty() || title.contains(text) || title.len() >= MOST_MESSAGE - 4 {
            title
        } else if text.starts_with(&title) {
            text.to_owned()
        } else {
            format!("{title}\n{text}")
        };
        self.case.message = cut(&message, MOST_MESSAGE).to_owned();
    }
}

/// Seconds, as anybody writes them: surefire has `1,234.5`.
fn duration(text: &str) -> Option<u64> {
    let seconds: f64 = text.trim().replace(',', "").parse().ok()?;
    (seconds.is_finite() && (0.0..1e9).contains(&seconds)).then(|| (seconds * 1000.0).round() as u64)
}

fn cut_name(name: &str) -> String {
    cut(name.trim(), MOST_NAME).to_owned()
}

fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}
