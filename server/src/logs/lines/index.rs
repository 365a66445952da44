//! What is known of a log's lines.

use std::ops::Range;

use slipway_pipelines::state::Millis;

use super::{
    mark::Mark,
    marker::{Marker, count},
};

/// The lines of a log, as far as it is written when it is asked. Lines are counted from 1.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LineIndex {
    marks: Vec<Mark>,
    length: u64,
    ended: u64,
    rest: bool,
}

impl LineIndex {
    pub(in crate::logs) fn new(marks: Vec<Mark>, marker: &Marker, last: Option<u8>) -> Self {
        let rest = last.is_some_and(|byte| byte != b'\n');
        Self { marks, length: marker.length(), ended: marker.ended(), rest }
    }

    /// Of an archived form.
    pub(super) fn whole(marks: Vec<Mark>, length: u64, ended: u64, rest: bool) -> Self {
        Self { marks, length, ended, rest }
    }

    pub(super) fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// Bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Lines that have ended.
    pub fn ended(&self) -> u64 {
        self.ended
    }

    /// Whether the last line has not ended.
    pub fn rest(&self) -> bool {
        self.rest
    }

    /// All lines, the one that has not ended too.
    pub fn lines(&self) -> u64 {
        self.ended + u64::from(self.rest)
    }

    /// Where the end before a line is to be looked for, and how many lines end before this range. The line must be the
    /// second or a later one, and one that there is.
    pub(in crate::logs) fn around(&self, line: u64) -> (Range<u64>, u64) {
        let next = self.marks.partition_point(|mark| mark.ended < line - 1);
        let from = next.checked_sub(1).map_or(Mark::default(), |last| self.marks[last]);
        let to = self.marks.get(next).map_or(self.length, |mark| mark.offset);
        (from.offset..to, from.ended)
    }

    /// How many marks are at or before an offset.
    fn at(&self, offset: u64) -> usize {
        self.marks.partition_point(|mark| mark.offset <= offset)
    }

    /// The last mark at or before an offset; the log's beginning when there is none.
    pub(in crate::logs) fn mark(&self, offset: u64) -> Mark {
        self.at(offset).checked_sub(1).map_or(Mark::default(), |last| self.marks[last])
    }

    /// When the byte at an offset came, to a quarter of a second.
    pub fn time(&self, offset: u64) -> Option<Millis> {
        let mark = self.mark(offset);
        (mark.time > 0).then_some(mark.time)
    }

    /// From which line on which time holds, for bytes from `start`, which is where line `first` begins.
    pub fn times(&self, first: u64, start: u64, bytes: &[u8]) -> Vec<(u64, Millis)> {
        let mut times: Vec<(u64, Millis)> = self.time(start).map(|time| (first, time)).into_iter().collect();
        let (mut at, mut ended) = (start, 0);
        for mark in &self.marks[self.at(start)..] {
            let Some(upto) = usize::try_from(mark.offset - start).ok().filter(|upto| *upto < bytes.len()) else {
                break;
            };
            ended += count(&bytes[(at - start) as usize..upto]);
            at = mark.offset;
            // The line that goes on here began before: the time is that of the next one.
            let line = first + ended + u64::from(bytes[upto - 1] != b'\n');
            match times.last_mut() {
                Some((last, time)) if *last == line => *time = mark.time,
                Some((_, time)) if *time == mark.time => {}
                _ if mark.time > 0 => times.push((line, mark.time)),
                _ => {}
            }
        }
        times
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_time_of_its_beginning() {
        let (mut marker, mut marks) = (Marker::default(), Vec::new());
        let text = b"one\ntwo begins\nthree\nfour\n";
        for (piece, time) in [(0..4, 1000), (4..7, 2000), (7..15, 3000), (15..26, 4000)] {
            marker.push(&text[piece], time, &mut marks);
        }
        let index = LineIndex::new(marks, &marker, text.last().copied());
        assert_eq!(index.times(1, 0, text), [(1, 1000), (2, 2000), (3, 4000)]);
        assert_eq!(index.times(2, 4, &text[4..]), [(2, 2000), (3, 4000)]);
        assert_eq!(index.times(4, 21, &text[21..]), [(4, 4000)]);
        assert_eq!((index.lines(), index.rest(), index.time(5)), (4, false, Some(2000)));
    }

    #[test]
    fn no_log_has_no_line() {
        let index = LineIndex::default();
        assert_eq!((index.lines(), index.length(), index.time(0)), (0, 0, None));
        assert!(index.times(1, 0, b"").is_empty());
    }
}
