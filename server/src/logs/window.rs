//! Some whole lines of a log.

use std::{io, sync::Arc};

use bytes::Bytes;
use slipway_web::ansi::{Parser, Style};

use super::{LineIndex, LogAddress, Logs, lines};

/// Bytes looked at before a line for the style that goes on there. A style that was set further back is not seen.
const BACK: u64 = 64 * 1024;

/// Lines, one after the other.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lines {
    /// Number of the first, from 1.
    pub first: u64,
    /// Offset of its first byte.
    pub start: u64,
    /// Their bytes. The last one has no end when it is cut, or when it is the log's last and has not ended.
    pub bytes: Bytes,
    /// How many there are, the last one too.
    pub count: u64,
    /// The last one goes on: it alone is longer than what was asked for.
    pub cut: bool,
    /// How the first one begins.
    pub style: Style,
    /// The whole log's, as it was when they were read.
    pub index: Arc<LineIndex>,
}

/// None, of a log without any.
impl Default for Lines {
    fn default() -> Self {
        Self {
            first: 1,
            start: 0,
            bytes: Bytes::new(),
            count: 0,
            cut: false,
            style: Style::default(),
            index: Arc::default(),
        }
    }
}

impl Lines {
    /// Number of the line after them.
    pub fn next(&self) -> u64 {
        self.first + self.count
    }
}

impl Logs {
    /// At most so many lines and bytes from a line on; none when the log has no such line.
    pub async fn window(&self, address: LogAddress, first: u64, most: u64, bytes: u64) -> io::Result<Lines> {
        let index = self.lines(address).await?;
        self.window_of(address, index, first, most, bytes).await
    }

    /// The same by an index that is known.
    pub async fn window_of(
        &self,
        address: LogAddress,
        index: Arc<LineIndex>,
        first: u64,
        most: u64,
        bytes: u64,
    ) -> io::Result<Lines> {
        let Some(start) = self.line_start(address, &index, first).await? else {
            return Ok(Lines { first, start: index.length(), index, ..Lines::default() });
        };
        // One byte more tells a line that is just as long from one that goes on.
        let end = match self.line_start(address, &index, first.saturating_add(most)).await? {
            Some(end) => end,
            None => index.length(),
        };
        let mut text = self.read(address, start..end.min(start + bytes)).await?;
        let mut cut = false;
        if start + (text.len() as u64) < end {
            match memchr::memrchr(b'\n', &text) {
                Some(last) => text.truncate(last + 1),
                None => cut = true,
            }
        }
        let count = lines::count(&text) + u64::from(text.last().is_some_and(|byte| *byte != b'\n'));
        let style = self.style(address, start).await?;
        Ok(Lines { first, start, bytes: text, count, cut, style, index })
    }

    /// Where a line begins; `None` when there is no such line.
    pub async fn line_start(&self, address: LogAddress, index: &LineIndex, line: u64) -> io::Result<Option<u64>> {
        match line {
            0 => return Ok(None),
            1 => return Ok((index.lines() > 0).then_some(0)),
            line if line > index.lines() => return Ok(None),
            _ => {}
        }
        let (range, mut ended) = index.around(line);
        let mut at = range.start;
        while at < range.end {
            let bytes = self.read(address, at..range.end.min(at + BACK)).await?;
            if bytes.is_empty() {
                break;
            }
            let here = lines::count(&bytes);
            if ended + here >= line - 1 {
                let nth = usize::try_from(line - 2 - ended).unwrap_or(usize::MAX);
                return Ok(memchr::memchr_iter(b'\n', &bytes).nth(nth).map(|end| at + end as u64 + 1));
            }
            ended += here;
            at += bytes.len() as u64;
        }
        // The log was taken back meanwhile.
        Ok(None)
    }

    /// Number of the first line that begins at an offset or after it; one more than there are when none does.
    pub(crate) async fn line_at(&self, address: LogAddress, index: &LineIndex, offset: u64) -> io::Result<u64> {
        let Some(end) = offset.checked_sub(1) else { return Ok(1) };
        let mark = index.mark(end);
        let bytes = self.read(address, mark.offset..end).await?;
        Ok(mark.ended + lines::count(&bytes) + 2)
    }

    /// The style that goes on where a line begins.
    pub(crate) async fn style(&self, address: LogAddress, start: u64) -> io::Result<Style> {
        let from = start.saturating_sub(BACK);
        let bytes = self.read(address, from..start).await?;
        // Where no sequence is, no style is.
        let Some(escape) = memchr::memchr(b'\x1b', &bytes) else { return Ok(Style::default()) };
        let mut parser = Parser::new();
        parser.push(&String::from_utf8_lossy(&bytes[escape..]), &mut Vec::new());
        Ok(parser.style())
    }
}

#[cfg(test)]
mod tests;
