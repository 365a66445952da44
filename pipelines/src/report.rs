//! Collects what is found in one file and those that it includes.

use crate::diagnostic::{Diagnostic, Severity, Span};

/// Most findings that one file is given; a file that is wrong a thousand times is wrong once too often.
const MOST: usize = 100;
/// Most warnings that are kept until then: every matrix cell finds them again.
const MOST_KEPT: usize = 1000;

/// The findings of one file and those that it includes.
#[derive(Debug)]
pub(crate) struct Report {
    /// The file itself, then the included ones, as [`Span::file`] counts them.
    files: Vec<String>,
    found: Vec<Diagnostic>,
    /// The last one that was not kept.
    dropped: Option<Diagnostic>,
}

impl Report {
    /// Nothing found yet.
    pub(crate) fn new(file: &str) -> Self {
        Self { files: vec![file.to_owned()], found: Vec::new(), dropped: None }
    }

    /// Takes another file, and says which number its spans have.
    pub(crate) fn include(&mut self, file: String) -> u16 {
        let known = self.files.iter().skip(1).position(|known| *known == file);
        let place = known.map_or(self.files.len(), |known| known + 1);
        if place == self.files.len() {
            self.files.push(file);
        }
        u16::try_from(place).unwrap_or(u16::MAX)
    }

    /// The pipeline cannot run.
    pub(crate) fn error(&mut self, at: impl Into<Option<Span>>, message: impl Into<String>) -> &mut Diagnostic {
        self.add(Severity::Error, at.into(), message.into())
    }

    /// The pipeline runs, but perhaps not as meant.
    pub(crate) fn warning(&mut self, at: impl Into<Option<Span>>, message: impl Into<String>) -> &mut Diagnostic {
        self.add(Severity::Warning, at.into(), message.into())
    }

    /// A finding of either kind.
    pub(crate) fn add(&mut self, severity: Severity, span: Option<Span>, message: String) -> &mut Diagnostic {
        let file = self.name(span.map_or(0, |span| span.file)).to_owned();
        let diagnostic = Diagnostic { severity, message, file, span, help: None };
        if severity == Severity::Warning && self.is_full() {
            return self.dropped.insert(diagnostic);
        }
        self.found.push(diagnostic);
        let last = self.found.len() - 1;
        &mut self.found[last]
    }

    /// Whether so much was found that there is no point in work on further advice.
    pub(crate) fn is_full(&self) -> bool {
        self.found.len() >= MOST_KEPT
    }

    /// How much was found.
    pub(crate) fn len(&self) -> usize {
        self.found.len()
    }

    /// How many errors were found.
    pub(crate) fn errors(&self) -> usize {
        self.found.iter().filter(|found| found.is_error()).count()
    }

    /// Whether an error was found.
    pub(crate) fn has_errors(&self) -> bool {
        self.found.iter().any(Diagnostic::is_error)
    }

    fn name(&self, file: u16) -> &str {
        self.files.get(usize::from(file)).map_or("", String::as_str)
    }

    /// All findings in the order of the file, each once; included files after it.
    pub(crate) fn finish(mut self) -> Vec<Diagnostic> {
        self.found.sort_by_key(|found| found.span.map_or((0, 0), |span| (span.file, span.start)));
        for span in self.found.iter_mut().filter_map(|found| found.span.as_mut()) {
            span.file = 0;
        }
        let mut kept: Vec<Diagnostic> = Vec::new();
        let mut more = 0;
        for found in self.found {
            if kept.iter().rev().take(8).any(|before| *before == found) {
                continue;
            }
            // The last place is for errors only, so that a flood of warnings does not hide why nothing runs.
            if kept.len() < MOST || (found.is_error() && !kept.iter().any(Diagnostic::is_error)) {
                kept.push(found);
            } else {
                more += 1;
            }
        }
        if more > 0 {
            let severity = if kept.iter().any(Diagnostic::is_error) { Severity::Error } else { Severity::Warning };
            let least = if self.dropped.is_some() { "at least " } else { "" };
            let message = format!("{least}{more} more findings in this file are not shown");
            let file = std::mem::take(&mut self.files[0]);
            kept.push(Diagnostic { severity, message, file, span: None, help: None });
        }
        kept
    }
}

/// The findings of all files; what several of them find in a file that they include is said once.
pub(crate) fn together(reports: Vec<Report>) -> Vec<Diagnostic> {
    let mut all: Vec<Diagnostic> = Vec::new();
    for report in reports {
        let own = report.files[0].clone();
        let found = report.finish();
        let is_new: Vec<bool> = found.iter().map(|found| found.file == own || !all.contains(found)).collect();
        all.extend(found.into_iter().zip(is_new).filter_map(|(found, is_new)| is_new.then_some(found)));
    }
    all
}

impl Diagnostic {
    /// Adds what to do about it.
    pub(crate) fn help(&mut self, help: impl Into<String>) {
        self.help = Some(help.into());
    }
}
