//! What the steps reported: a line at the end, and the names of what failed.

use std::collections::BTreeMap;

use slipway_pipelines::wire::{ReportContent, TestCase, TestOutcome};
use slipway_runner::desk::News;

use super::{board::Place, clean::clean};

/// Most names of failures.
const MOST: usize = 20;

/// Tests and coverage of a run.
#[derive(Default, Debug)]
pub(super) struct Tests {
    places: BTreeMap<Place, Seen>,
    warnings: Vec<String>,
}

/// Of one step; that of its last try.
#[derive(Default, Debug)]
struct Seen {
    tries: u32,
    passed: usize,
    failed: usize,
    skipped: usize,
    names: Vec<String>,
    has_tests: bool,
    /// By file, as the server counts: of a file in several reports the one that saw most of it run.
    coverage: BTreeMap<String, (u32, u32)>,
}

impl Tests {
    pub(super) fn take(&mut self, news: &News) {
        match news {
            // A job that runs again reports again.
            News::Began { job, .. } => self.places.retain(|(of, _), _| of != job),
            News::Warning { text, .. } => {
                if !self.warnings.contains(text) {
                    self.warnings.push(text.clone());
                }
            }
            News::Report { job, part } => {
                let seen = self.places.entry((*job, part.step)).or_default();
                if part.tries > seen.tries {
                    *seen = Seen { tries: part.tries, ..Seen::default() };
                }
                match &part.content {
                    ReportContent::Tests(cases) => {
                        seen.has_tests = true;
                        cases.iter().for_each(|case| seen.case(case));
                    }
                    ReportContent::Coverage(files) => {
                        for file in files {
                            let known = seen.coverage.entry(file.file.clone()).or_default();
                            *known = (known.0.max(file.covered), known.1.max(file.total));
                        }
                    }
                }
            }
            News::Step { .. } | News::Log { .. } | News::Ended { .. } => {}
        }
    }

    /// Lines for the end; none when nothing was reported.
    pub(super) fn lines(&self) -> Vec<String> {
        let sum = |of: fn(&Seen) -> usize| self.places.values().map(of).sum::<usize>();
        let (passed, failed, skipped) = (sum(|seen| seen.passed), sum(|seen| seen.failed), sum(|seen| seen.skipped));
        let mut lines: Vec<String> = self.warnings.iter().map(|text| format!("warning: {}", one_line(text))).collect();
        if self.places.values().any(|seen| seen.has_tests) {
            let skipped = if skipped > 0 { format!(", {skipped} skipped") } else { String::new() };
            lines.push(format!("tests: {passed} passed, {failed} failed{skipped}"));
            let names: Vec<&String> = self.places.values().flat_map(|seen| &seen.names).collect();
            lines.extend(names.iter().take(MOST).map(|name| format!("  failed: {}", one_line(name))));
            if failed > MOST {
                lines.push(format!("  and {} more", failed - MOST));
            }
        }
        let mut files: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
        for (file, (covered, total)) in self.places.values().flat_map(|seen| &seen.coverage) {
            let known = files.entry(file).or_default();
            *known = (known.0.max(*covered), known.1.max(*total));
        }
        let covered: u64 = files.values().map(|(covered, _)| u64::from(*covered)).sum();
        let total: u64 = files.values().map(|(_, total)| u64::from(*total)).sum();
        if let Some(tenths) = (covered * 1000).checked_div(total) {
            lines.push(format!("coverage: {}.{} % ({covered} of {total} lines)", tenths / 10, tenths % 10));
        }
        lines
    }
}

impl Seen {
    fn case(&mut self, case: &TestCase) {
        match case.outcome {
            TestOutcome::Passed => self.passed += 1,
            TestOutcome::Skipped => self.skipped += 1,
            TestOutcome::Failed | TestOutcome::Error => {
                self.failed += 1;
                if self.names.len() < MOST {
                    let suite = if case.suite.is_empty() { String::new() } else { format!("{} / ", case.suite) };
                    self.names.push(format!("{suite}{}", case.name));
                }
            }
        }
    }
}

/// A text of others for a terminal.
fn one_line(text: &str) -> String {
    clean(text.replace(['\n', '\r'], " ").as_bytes())
}

#[cfg(test)]
mod unit {
    use slipway_pipelines::{
        plan::ReportKind,
        wire::{FileCoverage, ReportPart},
    };

    use super::*;

    fn report(job: usize, tries: u32, content: ReportContent) -> News {
        let part = ReportPart { step: 1, tries, kind: ReportKind::Junit, path: "a".into(), part: 0, content };
        News::Report { job, part }
    }

    fn case(name: &str, outcome: TestOutcome) -> TestCase {
        TestCase {
            suite: "tide".into(),
            name: name.into(),
            file: None,
            outcome,
            duration_ms: None,
            message: String::new(),
            flaked: false,
        }
    }

    #[test]
    fn the_last_try_counts_and_failures_have_names() {
        let mut tests = Tests::default();
        assert!(tests.lines().is_empty());
        let bad = ReportContent::Tests(vec![case("a", TestOutcome::Failed)]);
        tests.take(&report(0, 0, bad.clone()));
        tests.take(&report(0, 1, ReportContent::Tests(vec![case("a", TestOutcome::Passed)])));
        tests.take(&report(1, 0, bad));
        tests.take(&report(1, 0, ReportContent::Tests(vec![case("b\u{1b}[2J", TestOutcome::Error)])));
        let text = "report `x` is broken".to_owned();
        tests.take(&News::Warning { job: 1, step: Some(1), text });
        let lines = tests.lines();
        assert_eq!(lines[..3], ["warning: report `x` is broken", "tests: 1 passed, 2 failed", "  failed: tide / a"]);
        assert!(lines[3].starts_with("  failed: tide / b") && !lines[3].contains("[2J"), "{lines:?}");
        tests.take(&News::Began { job: 1, attempt: 2 });
        assert_eq!(tests.lines()[1..], ["tests: 1 passed, 0 failed"]);
    }

    #[test]
    fn coverage_of_a_file_counts_once() {
        let mut tests = Tests::default();
        let file = |covered| FileCoverage { file: "x.rb".into(), covered, total: 3 };
        tests.take(&report(0, 0, ReportContent::Coverage(vec![file(1)])));
        tests.take(&report(1, 0, ReportContent::Coverage(vec![file(2)])));
        assert_eq!(tests.lines(), ["coverage: 66.6 % (2 of 3 lines)"]);
    }
}
