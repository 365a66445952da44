//! What the language says about a file.

use serde::{Deserialize, Serialize};

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The pipeline runs.
    Warning,
    /// It does not.
    Error,
}

/// One finding, at its place.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Diagnostic {
    /// How bad.
    pub severity: Severity,
    /// Lower-case fragment without a period; names its subject in backticks.
    pub message: String,
    /// Path in the repository, or `owner/name@ref:path` of an included file. Empty when it is about no file.
    pub file: String,
    /// Where in the file; `None` when it is about the whole file.
    pub span: Option<Span>,
    /// What to do, apart from the error: "did you mean `commands`?"
    pub help: Option<String>,
}

/// A place in a file's text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// Line of `start`, from 1.
    pub line: usize,
    /// Column of `start` in characters, from 1.
    pub column: usize,
    /// Which file of a report, while it is made: 0 is the pipeline's own, others are included. 0 in every finished one.
    #[serde(skip)]
    pub(crate) file: u16,
}

impl Span {
    /// A place in a file that the diagnostic names.
    pub const fn new(start: usize, end: usize, line: usize, column: usize) -> Self {
        Self { start, end, line, column, file: 0 }
    }

    /// The beginning of a file of the report.
    pub(crate) const fn top(file: u16) -> Self {
        Self { start: 0, end: 0, line: 1, column: 1, file }
    }
}

impl Diagnostic {
    /// Whether it keeps the pipeline from running.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}
