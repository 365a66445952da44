//! The part of a log that a page shows, and where a script goes on: at most [`LINES`] lines and [`BYTES`] bytes, around a
//! line or up to the end. The rest is asked for by need.

use std::{io, sync::Arc};

use slipway_web::ansi::Style;

use crate::logs::{Lines, LogAddress, Logs, Reach};

const BYTES: u64 = 96 * 1024;
const LINES: u64 = 400;
/// Lines shown before the one that was asked for.
const BEFORE: u64 = 100;
/// Which lines a page shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Show {
    /// The last ones.
    End,
    /// Those around a line; the last ones when there is no such line.
    Line(u64),
    /// Those around the line that says what went wrong: the one that is known, if it is known whether there is one.
    Trouble(Option<Option<u64>>),
}

/// Some lines of a log, and its end.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Window {
    /// The lines that are shown.
    pub(super) lines: Lines,
    /// Whether the log goes on after them.
    pub(super) more: bool,
    /// The line that says what went wrong.
    pub(super) trouble: Option<u64>,
    /// Offset of the log's line that has not ended.
    pub(super) offset: u64,
    /// How that line begins.
    pub(super) style: Style,
}

/// Reads what is to be shown.
pub(super) async fn read(logs: &Logs, address: LogAddress, show: Show) -> io::Result<Window> {
    let index = logs.lines(address).await?;
    let trouble = match show {
        Show::Trouble(Some(known)) => known.filter(|line| *line <= index.lines()),
        Show::Trouble(None) => logs.went_wrong(address, &index, Reach::Near).await?,
        Show::End | Show::Line(_) => None,
    };
    let line = match show {
        Show::Line(line) => Some(line).filter(|line| *line <= index.lines()),
        Show::End | Show::Trouble(_) => trouble,
    };
    let first = match line {
        Some(line) => line.saturating_sub(BEFORE).max(1),
        None => logs.last_lines(address, &index, (LINES, BYTES)).await?,
    };
    let lines = logs.window_of(address, Arc::clone(&index), first, LINES, BYTES).await?;
    let offset = match index.rest() {
        true => logs.line_start(address, &index, index.lines()).await?.unwrap_or(index.length()),
        false => index.length(),
    };
    let style = logs.style(address, offset).await?;
    let more = lines.next() <= index.lines();
    Ok(Window { lines, more, trouble, offset, style })
}

#[cfg(test)]
mod tests;
