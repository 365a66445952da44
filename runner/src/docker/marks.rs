//! Marks in a step's output: where each of its commands begins, to the byte.
//!
//! They travel in the output itself, since the engine keeps no order between two streams, and are taken out before
//! anybody sees them. Only the gate knows the nonce, so a program cannot print one by accident. A mark is
//! `ESC ] slipway ; NONCE ; NUMBER BEL`.

use std::fmt::Write;

const ESC: u8 = 0x1b;
const BEL: u8 = 0x07;
/// Most digits of a number: a pipeline file has no more commands.
const MOST_DIGITS: usize = 7;

/// What `printf` is given to print the mark of a command.
pub(super) fn format(nonce: &str, number: usize) -> String {
    let mut format = String::from(r"\033");
    // Writing to a string does not fail.
    let _ = write!(format, r"{}{number}\007", after_escape(nonce));
    format
}

fn after_escape(nonce: &str) -> String {
    format!("]slipway;{nonce};")
}

/// A piece of the output.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Piece<'a> {
    /// Of the log.
    Text(&'a [u8]),
    /// The command at this position begins here.
    Command(usize),
}

/// Takes marks out. Fed with pieces of any size.
#[derive(Debug)]
pub(super) struct Marks {
    start: Vec<u8>,
    /// What may still turn out to be a mark.
    held: Vec<u8>,
}

enum Read {
    Mark { number: usize, length: usize },
    Unfinished,
    Other,
}

impl Marks {
    pub(super) fn new(nonce: &str) -> Self {
        let start = [&[ESC], after_escape(nonce).as_bytes()].concat();
        Self { start, held: Vec::new() }
    }

    /// What a piece of the output completes.
    pub(super) fn feed(&mut self, bytes: &[u8], mut take: impl FnMut(Piece<'_>)) {
        let joined;
        let mut rest = bytes;
        if !self.held.is_empty() {
            self.held.extend_from_slice(bytes);
            joined = std::mem::take(&mut self.held);
            rest = &joined;
        }
        let mut from = 0;
        while let Some(escape) = memchr::memchr(ESC, &rest[from..]).map(|at| from + at) {
            match self.read(&rest[escape..]) {
                Read::Other => from = escape + 1,
                Read::Mark { number, length } => {
                    give(&rest[..escape], &mut take);
                    take(Piece::Command(number));
                    (rest, from) = (&rest[escape + length..], 0);
                }
                Read::Unfinished => {
                    give(&rest[..escape], &mut take);
                    self.held = rest[escape..].to_vec();
                    return;
                }
            }
        }
        give(rest, &mut take);
    }

    /// What is left at the end of the output.
    pub(super) fn finish(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.held)
    }

    fn read(&self, bytes: &[u8]) -> Read {
        let Some(after) = bytes.strip_prefix(&self.start[..]) else {
            return if self.start.starts_with(bytes) { Read::Unfinished } else { Read::Other };
        };
        let digits = after.iter().take_while(|byte| byte.is_ascii_digit()).count();
        match after.get(digits) {
            None if digits <= MOST_DIGITS => Read::Unfinished,
            Some(&BEL) if (1..=MOST_DIGITS).contains(&digits) => {
                let number = after[..digits].iter().fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'));
                Read::Mark { number, length: self.start.len() + digits + 1 }
            }
            _ => Read::Other,
        }
    }
}

fn give(text: &[u8], take: &mut impl FnMut(Piece<'_>)) {
    if !text.is_empty() {
        take(Piece::Text(text));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The text without marks, and where each was.
    fn all(pieces: &[&[u8]]) -> (Vec<u8>, Vec<(usize, usize)>) {
        let (mut marks, mut text, mut found) = (Marks::new("n1"), Vec::new(), Vec::new());
        for piece in pieces {
            marks.feed(piece, |piece| match piece {
                Piece::Text(bytes) => text.extend_from_slice(bytes),
                Piece::Command(number) => found.push((number, text.len())),
            });
        }
        text.extend(marks.finish());
        (text, found)
    }

    #[test]
    fn only_marks_with_the_nonce_are_taken_out() {
        let (text, found) =
            all(&[b"a\x1b]slipway;n1;0\x07+ b\n\x1b[1mc\x1b]slipway;n2;1\x07\x1b]slipway;n1;12\x07\x1b]slip"]);
        assert_eq!(text, b"a+ b\n\x1b[1mc\x1b]slipway;n2;1\x07\x1b]slip");
        assert_eq!(found, [(0, 1), (12, 25)]);
        for other in [&b"\x1b]slipway;n1;\x07"[..], b"\x1b]slipway;n1;1x\x07", b"\x1b]slipway;n1;12345678\x07"] {
            assert_eq!(all(&[other]), (other.to_vec(), Vec::new()));
        }
    }

    proptest! {
        #[test]
        fn cuts_change_nothing(
            parts in prop::collection::vec(prop_oneof![
                Just(&b"\x1b]slipway;n1;3\x07"[..]), Just(&b"\x1b]slipway;n1;"[..]), Just(&b"\x1b"[..]),
                Just(&b"text\n"[..]), Just(&b"41\x07"[..]), Just(&b"]slipway"[..]),
            ], 0..12),
            cuts in prop::collection::vec(0usize..120, 0..6),
        ) {
            let whole = parts.concat();
            let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| *cut < whole.len()).collect();
            cuts.extend([0, whole.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &whole[pair[0]..pair[1]]).collect();
            prop_assert_eq!(all(&pieces), all(&[&whole]));
        }
    }
}
