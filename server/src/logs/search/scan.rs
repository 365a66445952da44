//! Reads a log, or some lines of it, and looks.

use std::{io, ops::RangeInclusive};

use super::{Feed, Found, Pattern};
use crate::logs::{LogAddress, Logs, files::blocking};

/// Bytes read at once.
const PIECE: u64 = 1 << 20;

impl Logs {
    /// Looks through lines of a log. Memory holds one piece of it; dropping the future ends the work.
    pub async fn search(
        &self,
        address: LogAddress,
        pattern: &Pattern,
        lines: RangeInclusive<u64>,
        mut found: Found,
    ) -> io::Result<Found> {
        let index = self.lines(address).await?;
        let Some(mut at) = self.line_start(address, &index, *lines.start()).await? else { return Ok(found) };
        let after = lines.end().saturating_add(1);
        let end = self.line_start(address, &index, after).await?.unwrap_or_else(|| index.length());
        let mut feed = Feed::at(*lines.start(), pattern.view);
        while at < end {
            let bytes = self.read(address, at..end.min(at + PIECE)).await?;
            if bytes.is_empty() {
                break;
            }
            at += bytes.len() as u64;
            let pattern = pattern.clone();
            (feed, found) = blocking(move || {
                feed.push(&bytes, |line, text| found.look(&pattern, line, text));
                (feed, found)
            })
            .await?;
        }
        feed.finish(|line, text| found.look(pattern, line, text));
        Ok(found)
    }
}
