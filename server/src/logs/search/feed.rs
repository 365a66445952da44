//! Pieces of a log, cut anywhere, as lines of text.

use super::pattern::View;

/// Bytes of a line that are looked at; the rest of a longer one is passed over.
const LONGEST: usize = 1 << 20;

/// Takes pieces, gives lines.
#[derive(Debug)]
pub(crate) struct Feed {
    /// Number of the line that goes on.
    line: u64,
    /// What came of it.
    held: Vec<u8>,
    view: View,
}

impl Feed {
    /// Begins at the beginning of a line.
    pub(super) fn at(line: u64, view: View) -> Self {
        Self { line, held: Vec::new(), view }
    }

    /// The lines that a piece ends: their numbers and their text.
    pub(crate) fn push(&mut self, mut bytes: &[u8], mut each: impl FnMut(u64, &str)) {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let (line, rest) = (&bytes[..end], &bytes[end + 1..]);
            if self.held.is_empty() {
                each(self.line, &(self.view)(&line[..line.len().min(LONGEST)]));
            } else {
                self.hold(line);
                each(self.line, &(self.view)(&self.held));
                self.held.clear();
            }
            self.line += 1;
            bytes = rest;
        }
        self.hold(bytes);
    }

    /// The line that has not ended, when no more comes.
    pub(crate) fn finish(self, mut each: impl FnMut(u64, &str)) {
        if !self.held.is_empty() {
            each(self.line, &(self.view)(&self.held));
        }
    }

    fn hold(&mut self, bytes: &[u8]) {
        let room = LONGEST - self.held.len().min(LONGEST);
        self.held.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use slipway_web::ansi::plain;

    use super::*;

    proptest! {
        #[test]
        fn where_a_piece_is_cut_does_not_matter(text in "([a-z\\x1bé\\[m]{0,6}\n?){0,9}", size in 1usize..9) {
            let (mut feed, mut seen) = (Feed::at(7, plain), Vec::new());
            for piece in text.as_bytes().chunks(size) {
                feed.push(piece, |line, text| seen.push((line, text.to_owned())));
            }
            feed.finish(|line, text| seen.push((line, text.to_owned())));
            let lines = text.split_inclusive('\n').map(|line| line.trim_end_matches('\n'));
            let want: Vec<_> = (7..).zip(lines).map(|(number, line)| (number, plain(line.as_bytes()).into_owned())).collect();
            prop_assert_eq!(seen, want);
        }
    }
}
