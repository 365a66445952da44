//! The part of a log that a page shows: at most [`LINES`] lines and [`BYTES`] bytes, from a line on or up to the end.

use std::io;

use crate::logs::{LogAddress, Logs};

const BYTES: u64 = 256 * 1024;
const LINES: usize = 2000;
/// Lines shown before the one that was asked for.
const BEFORE: u64 = 100;
/// Bytes searched at once.
const SEARCH: u64 = 1 << 20;

/// Some lines of a log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Window {
    /// Number of its first line, from 1.
    pub(super) first: u64,
    /// Offset of its first byte.
    pub(super) start: u64,
    /// Its bytes. The last line has no end when it is the log's last and has not ended.
    pub(super) bytes: Vec<u8>,
    /// Whether the log goes on after it.
    pub(super) more: bool,
}

impl Window {
    /// Of a log without a line.
    pub(super) fn empty() -> Self {
        Self { first: 1, start: 0, bytes: Vec::new(), more: false }
    }

    /// Number of the line that it ends before.
    pub(super) fn next(&self) -> u64 {
        self.first + lines(&self.bytes)
    }
}

/// The end of a log.
pub(super) async fn tail(logs: &Logs, address: LogAddress) -> io::Result<Window> {
    let length = logs.length(address).await?;
    let from = length.saturating_sub(BYTES);
    let bytes = logs.read(address, from..length).await?;
    let cut = last_lines(&bytes, from > 0);
    let start = from + cut as u64;
    let first = 1 + count(logs, address, start).await?;
    Ok(Window { first, start, bytes: bytes[cut..].to_vec(), more: false })
}

/// The lines around one, if the log has it.
pub(super) async fn around(logs: &Logs, address: LogAddress, line: u64) -> io::Result<Option<Window>> {
    let length = logs.length(address).await?;
    let first = line.saturating_sub(BEFORE).max(1);
    let Some(start) = offset(logs, address, first, length).await? else { return Ok(None) };
    let bytes = logs.read(address, start..length.min(start + BYTES)).await?;
    let cut = first_lines(&bytes, start + (bytes.len() as u64) < length);
    Ok(Some(Window { first, start, bytes: bytes[..cut].to_vec(), more: start + (cut as u64) < length }))
}

fn lines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}

/// Where the last lines begin. What comes before the first end of a line is left out when it is not whole.
fn last_lines(bytes: &[u8], cut: bool) -> usize {
    let whole = if cut { bytes.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1) } else { 0 };
    let body = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let ends = body.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n');
    let limit = ends.map(|(at, _)| at + 1).nth(LINES - 1).unwrap_or(0);
    whole.max(limit).min(bytes.len())
}

/// Where the first lines end: after a whole one, where there is one and more comes.
fn first_lines(bytes: &[u8], more: bool) -> usize {
    let mut ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    if let Some(limit) = ends.clone().nth(LINES - 1) {
        return limit;
    }
    if more { ends.next_back().unwrap_or(bytes.len()) } else { bytes.len() }
}

/// How many lines end before an offset.
async fn count(logs: &Logs, address: LogAddress, end: u64) -> io::Result<u64> {
    let (mut at, mut found) = (0, 0);
    while at < end {
        let bytes = logs.read(address, at..end.min(at + SEARCH)).await?;
        if bytes.is_empty() {
            break;
        }
        found += lines(&bytes);
        at += bytes.len() as u64;
    }
    Ok(found)
}

/// Where a line begins.
async fn offset(logs: &Logs, address: LogAddress, line: u64, length: u64) -> io::Result<Option<u64>> {
    let (mut at, mut left) = (0, line - 1);
    while left > 0 {
        let bytes = logs.read(address, at..length.min(at + SEARCH)).await?;
        if bytes.is_empty() {
            return Ok(None);
        }
        let here = lines(&bytes);
        if here >= left {
            let mut ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
            let end = ends.nth(left as usize - 1).map_or(bytes.len(), |(end, _)| end + 1);
            at += end as u64;
            break;
        }
        left -= here;
        at += bytes.len() as u64;
    }
    Ok((at < length).then_some(at))
}

#[cfg(test)]
mod tests;
