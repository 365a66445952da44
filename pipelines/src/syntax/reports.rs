//! `reports:`.

use super::{
    keys,
    reader::{Reader, first_line},
};
use crate::{
    plan::{Report, ReportKind},
    yaml::{Node, Value},
};

impl Reader<'_> {
    /// A map of kind to patterns.
    pub(crate) fn reports(&mut self, node: &Node) -> Vec<Report> {
        if !matches!(node.value, Value::Map(_)) {
            self.wrong(node, "reports", "a map").help("write what the files are: `reports: {junit: report/*.xml}`");
            return Vec::new();
        }
        if self.section(node, "`reports`", &keys::REPORTS).is_none() {
            return Vec::new();
        }
        ReportKind::ALL.into_iter().filter_map(|kind| self.report_of(node, kind)).collect()
    }

    fn report_of(&mut self, node: &Node, kind: ReportKind) -> Option<Report> {
        let given = node.get(kind.as_str())?;
        let is_map = matches!(given.value, Value::Map(_));
        let paths = self.patterns(given, kind.as_str())?;
        // Nothing but `!` patterns would look into every file there is.
        if paths.iter().all(|path| path.starts_with('!')) {
            if is_map {
                return None;
            }
            self.error(first_line(given.span), format!("`{}` names no file", kind.as_str()))
                .help("name one or a pattern, such as `report/*.xml`; one with `!` only takes away from others");
            return None;
        }
        Some(Report { kind, paths })
    }
}
