//! Makes marks while bytes come.

use slipway_pipelines::state::Millis;

use super::mark::Mark;

/// Bytes from one mark to the next.
pub(super) const GROUP: u64 = 16 * 1024;
/// What comes within this time shares a mark.
const PAUSE: Millis = 250;

/// How far a log is marked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Marker {
    length: u64,
    ended: u64,
    last: Option<Mark>,
}

impl Marker {
    /// Goes on after a mark.
    pub(super) fn after(mark: Option<Mark>) -> Self {
        let at = mark.unwrap_or_default();
        Self { length: at.offset, ended: at.ended, last: mark }
    }

    /// Bytes seen.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Ends of lines seen.
    pub(super) fn ended(&self) -> u64 {
        self.ended
    }

    /// Takes the next bytes, which came at a time; gives the marks that they make.
    pub(crate) fn push(&mut self, mut bytes: &[u8], time: Millis, marks: &mut Vec<Mark>) {
        while !bytes.is_empty() {
            let due = self.last.is_none_or(|last| self.length - last.offset >= GROUP || time >= last.time + PAUSE);
            // A first scan of bytes whose mark is there makes no second one.
            let (offset, ended) = (self.length, self.ended);
            if due && self.last.is_none_or(|last| last.offset < offset) {
                // The wall clock may go back; a log does not.
                let time = self.last.map_or(time, |last| time.max(last.time));
                let mark = Mark { offset, ended, time };
                marks.push(mark);
                self.last = Some(mark);
            }
            let since = self.length - self.last.map_or(0, |last| last.offset);
            let room = usize::try_from(GROUP.saturating_sub(since).max(1)).unwrap_or(usize::MAX);
            let (now, rest) = bytes.split_at(room.min(bytes.len()));
            self.length += now.len() as u64;
            self.ended += count(now);
            bytes = rest;
        }
    }
}

/// How many lines end in these bytes.
pub(crate) fn count(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_lines_have_times_of_their_own_and_quick_ones_share() {
        let (mut marker, mut marks) = (Marker::default(), Vec::new());
        for time in [1000, 1100, 1249, 1250, 1300, 9000, 8000] {
            marker.push(b"a line\n", time, &mut marks);
        }
        let seen: Vec<_> = marks.iter().map(|mark| (mark.offset, mark.ended, mark.time)).collect();
        assert_eq!(seen, [(0, 0, 1000), (21, 3, 1250), (35, 5, 9000)]);
    }

    #[test]
    fn a_flood_is_marked_every_group() {
        let (mut marker, mut marks) = (Marker::default(), Vec::new());
        marker.push(&vec![b'\n'; GROUP as usize * 3], 5, &mut marks);
        marker.push(b"x", 5, &mut marks);
        let seen: Vec<_> = marks.iter().map(|mark| (mark.offset, mark.ended)).collect();
        assert_eq!(seen, [0, GROUP, 2 * GROUP, 3 * GROUP].map(|at| (at, at)));
    }
}
