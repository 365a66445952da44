//! Reports of an ended step: found in the workspace, read as a stream, masked, handed over. Whatever goes wrong is a warning:
//! a report decides about nothing.

use std::{ops::ControlFlow, time::Duration};

use slipway_pipelines::{
    plan::Report,
    selection::Selection,
    wire::{MOST_MESSAGE, MOST_NAME, ReportContent, ReportPart, TestCase},
};
use tokio::{sync::mpsc, time};

use super::found::{Found, look};
use crate::{
    executor::Executor,
    job::live::Life,
    reporter::{NotTaken, Reporter},
    reports::Item,
};

/// How long the reading of all reports of a step may take.
const PATIENCE: Duration = Duration::from_secs(300);
/// Parts that wait for the reporter.
const AHEAD: usize = 4;
/// How near to its limit a text counts as cut.
const NEAR: usize = 256;

impl<E: Executor, R: Reporter> Life<E, R> {
    /// Hands over what the step reports, whether it ended well or not.
    pub(super) async fn keep_reports(&self) {
        if self.files.reports.is_empty() {
            return;
        }
        let read = async {
            for report in &self.files.reports {
                if self.keep_report(report).await.is_break() {
                    return;
                }
            }
        };
        if time::timeout(PATIENCE, read).await.is_err() {
            self.warn(format!("the reports took longer than {} s to read; the rest is left out", PATIENCE.as_secs()));
        }
    }

    /// All files of one kind. Breaks off when nobody wants any.
    async fn keep_report(&self, report: &Report) -> ControlFlow<()> {
        let kind = report.kind.as_str();
        let selection = match Selection::new(&report.paths) {
            Ok(selection) => selection,
            Err(error) => {
                self.warn(format!("the patterns of the {kind} reports cannot be used: {error}"));
                return ControlFlow::Continue(());
            }
        };
        let mut files = 0;
        for place in selection.places().to_vec() {
            let path = if place.is_empty() { self.checkout.clone() } else { format!("{}/{place}", self.checkout) };
            let tar = match self.executor.pack(&self.job, &path).await {
                Ok(Some(tar)) => tar,
                Ok(None) => continue,
                Err(failed) => {
                    self.warn(format!("the {kind} reports in `{place}` cannot be read: {failed}"));
                    continue;
                }
            };
            let (give, mut found) = mpsc::channel(AHEAD);
            let (selection, kind) = (selection.clone(), report.kind);
            tokio::task::spawn_blocking(move || look(tar, &place, kind, &selection, &give));
            while let Some(found) = found.recv().await {
                files += usize::from(matches!(found, Found::Part { part: 0, .. }));
                self.take_found(report, found).await?;
            }
        }
        if files == 0 {
            let patterns = report.paths.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ");
            self.warn(format!("there is no {kind} report: no file fits {patterns}"));
        }
        ControlFlow::Continue(())
    }

    async fn take_found(&self, report: &Report, found: Found) -> ControlFlow<()> {
        let (path, part, items) = match found {
            Found::Part { path, part, items } => (path, part, items),
            Found::Fault(text) => {
                self.warn(text);
                return ControlFlow::Continue(());
            }
        };
        let (mut cases, mut files) = (Vec::new(), Vec::new());
        for item in items {
            match item {
                Item::Case(case) => cases.push(self.masked_case(case)),
                Item::File(mut file) => {
                    file.file = self.shown(&self.below(&file.file));
                    files.push(file);
                }
            }
        }
        let content = match report.kind {
            slipway_pipelines::plan::ReportKind::Junit => ReportContent::Tests(cases),
            _ => ReportContent::Coverage(files),
        };
        let path = self.shown(&path);
        let part =
            ReportPart { step: self.step, tries: self.retries, kind: report.kind, path: path.clone(), part, content };
        match self.logs.reporter().report(part).await {
            Ok(()) => ControlFlow::Continue(()),
            Err(NotTaken::Fenced(_)) => ControlFlow::Break(()),
            Err(NotTaken::Refused(why)) => {
                self.warn(format!("report `{path}` was not taken: {why}"));
                ControlFlow::Break(())
            }
        }
    }

    fn masked_case(&self, case: TestCase) -> TestCase {
        TestCase {
            suite: self.shown(&case.suite),
            name: self.shown(&case.name),
            file: case.file.map(|file| self.shown(&self.below(&file))),
            message: self.cut(&case.message, MOST_MESSAGE),
            ..case
        }
    }

    /// A name as a log would show it.
    fn shown(&self, name: &str) -> String {
        self.cut(name, MOST_NAME)
    }

    /// The reader cut it at its limit; masks may make it longer.
    fn cut(&self, text: &str, most: usize) -> String {
        let masked = if text.len() + NEAR > most { self.spool.masked_cut(text) } else { self.spool.masked(text) };
        masked[..masked.floor_char_boundary(most)].to_owned()
    }

    /// A path of a report relative to the checkout, where it lies in there.
    fn below(&self, path: &str) -> String {
        let path = path.strip_prefix(&self.checkout).and_then(|rest| rest.strip_prefix('/')).unwrap_or(path);
        path.strip_prefix("./").unwrap_or(path).to_owned()
    }
}
