//! Bytes of a file -> its tree.

use super::{load::load, node::Node};
use crate::{diagnostic::Span, report::Report, suggest::listed};

/// Largest file, in bytes.
const MOST_BYTES: usize = 256 * 1024;

/// Reads a file, whose number in the report is given. `None` when there is nothing in it; why is in the report.
pub(crate) fn read(bytes: &[u8], file: u16, report: &mut Report) -> Option<Node> {
    let whole = (file > 0).then(|| Span::top(file));
    if bytes.len() > MOST_BYTES {
        let size = bytes.len().div_ceil(1024);
        report
            .error(whole, format!("the file has {size} KiB, and {} KiB is the most", MOST_BYTES / 1024))
            .help("split it into several workflow files, or move scripts into files of their own");
        return None;
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let start = error.valid_up_to();
            let good = String::from_utf8_lossy(&bytes[..start]);
            let line_start = good.rfind('\n').map_or(0, |at| at + 1);
            let (line, column) = (good.matches('\n').count() + 1, good[line_start..].chars().count() + 1);
            let span = Span { file, ..Span::new(start, start + 1, line, column) };
            report.error(span, "the file is not UTF-8 text from here on").help("save it as UTF-8");
            return None;
        }
    };
    let before = report.len();
    let root = load(text, file, report);
    if root.as_ref().is_none_or(Node::is_null) && report.len() == before {
        let found = report.error(whole, "the file is empty");
        if file == 0 {
            found.help(format!("a workflow has {} at least", listed(["steps"], "and")));
        }
        return None;
    }
    root
}
