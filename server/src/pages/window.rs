//! The part of a log that a page shows, and where a script goes on: at most [`LINES`] lines and [`BYTES`] bytes, around a
//! line or up to the end. The rest is asked for by need.

use std::{io, sync::Arc};

use slipway_web::ansi::Style;

use crate::logs::{Found, LineIndex, Lines, LogAddress, Logs, Want, trouble};

const BYTES: u64 = 96 * 1024;
const LINES: u64 = 400;
/// Lines shown before the one that was asked for.
const BEFORE: u64 = 100;
/// How far from the end it is looked for what went wrong, as lines and bytes: what is near the end explains it best, and only
/// where there is nothing it is looked for further up.
const TROUBLE: [(u64, u64); 2] = [(2000, 512 * 1024), (u64::MAX, 8 * 1024 * 1024)];

/// Which lines a page shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Show {
    /// The last ones.
    End,
    /// Those around a line; the last ones when there is no such line.
    Line(u64),
    /// Those around the first of the last ones that says what went wrong.
    Trouble,
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
        Show::Trouble => find(logs, address, &index).await?,
        Show::End | Show::Line(_) => None,
    };
    let line = match show {
        Show::Line(line) => Some(line).filter(|line| *line <= index.lines()),
        Show::End | Show::Trouble => trouble,
    };
    let first = match line {
        Some(line) => line.saturating_sub(BEFORE).max(1),
        None => last(logs, address, &index, (LINES, BYTES)).await?,
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

/// The first of the last lines, as many as there may be; at least the very last.
async fn last(logs: &Logs, address: LogAddress, index: &LineIndex, most: (u64, u64)) -> io::Result<u64> {
    let (lines, bytes) = most;
    let first = (index.lines() + 1).saturating_sub(lines).max(1);
    let near = logs.line_at(address, index, index.length().saturating_sub(bytes)).await?;
    Ok(first.max(near).min(index.lines().max(1)))
}

async fn find(logs: &Logs, address: LogAddress, index: &LineIndex) -> io::Result<Option<u64>> {
    let mut end = index.lines();
    for most in TROUBLE {
        let first = last(logs, address, index, most).await?;
        let found = logs.search(address, trouble(), first..=end, Found::new(Want::From(1), 1)).await?;
        if let Some(found) = found.matches.front() {
            return Ok(Some(found.line));
        }
        if first == 1 {
            break;
        }
        end = first - 1;
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
