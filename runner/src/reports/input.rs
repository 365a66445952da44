//! What the parsers read from: text that is UTF-8 whatever the file has, within bounds, with a count of its lines.

use std::io::{self, BufRead, Read};

use super::MOST_BYTES;

/// Bytes that are read at once.
const CHUNK: usize = 64 << 10;
/// Most bytes between two [`Input::next_piece`]: parsers keep a piece in memory.
const MOST_PIECE: usize = 8 << 20;

/// A file, as its parser sees it.
#[derive(Debug)]
pub(super) struct Input<R> {
    file: R,
    /// Read and not yet text: the beginning of a character.
    raw: Vec<u8>,
    text: Vec<u8>,
    at: usize,
    left: u64,
    piece: usize,
    line: u64,
    ended: bool,
}

impl<R: Read> Input<R> {
    pub(super) fn new(file: R) -> Self {
        Self { file, raw: Vec::new(), text: Vec::new(), at: 0, left: MOST_BYTES, piece: 0, line: 1, ended: false }
    }

    /// The line that was read last, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// What was read so far is not kept any more.
    pub(super) fn next_piece(&mut self) {
        self.piece = 0;
    }

    fn fill(&mut self) -> io::Result<()> {
        self.text.clear();
        self.at = 0;
        while self.text.is_empty() && !self.ended {
            let start = self.raw.len();
            self.raw.resize(start + CHUNK, 0);
            let read = loop {
                match self.file.read(&mut self.raw[start..]) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    read => break read,
                }
            };
            let read = read.inspect_err(|_| self.raw.truncate(start))?;
            self.raw.truncate(start + read);
            self.ended = read == 0;
            self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
                io::Error::other(format!("it is larger than {} MiB; the rest is left out", MOST_BYTES >> 20))
            })?;
            self.decode();
        }
        Ok(())
    }

    /// Moves whole characters from `raw` to `text`; what is none becomes U+FFFD.
    fn decode(&mut self) {
        let mut done = 0;
        for chunk in self.raw.utf8_chunks() {
            self.text.extend_from_slice(chunk.valid().as_bytes());
            done += chunk.valid().len();
            let bad = chunk.invalid();
            let may_go_on = !self.ended && done + bad.len() == self.raw.len() && bad.len() < 4;
            if bad.is_empty() || may_go_on {
                break;
            }
            self.text.extend_from_slice("\u{fffd}".as_bytes());
            done += bad.len();
        }
        self.raw.drain(..done);
    }
}

impl<R: Read> Read for Input<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let from = self.fill_buf()?;
        let count = from.len().min(to.len());
        to[..count].copy_from_slice(&from[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl<R: Read> BufRead for Input<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.piece > MOST_PIECE {
            return Err(io::Error::other(format!("one piece of text is longer than {} MiB", MOST_PIECE >> 20)));
        }
        if self.at == self.text.len() {
            self.fill()?;
        }
        Ok(&self.text[self.at..])
    }

    fn consume(&mut self, count: usize) {
        let used = &self.text[self.at..self.at + count];
        self.line += used.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.at += count;
        self.piece += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives so many bytes at a time.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(self.0.len()).min(to.len());
            to[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    #[test]
    fn what_is_no_text_is_replaced_wherever_the_file_is_cut() {
        let bytes = b"a\xc3\xa9\n\xff\xe2\x82\xac\n\xf0\x9f\x9a\xa2 \xe2\x82";
        for size in 1..=bytes.len() {
            let mut input = Input::new(Slow(bytes, size));
            let mut text = String::new();
            input.read_to_string(&mut text).unwrap();
            assert_eq!(text, String::from_utf8_lossy(bytes), "{size}");
            assert_eq!(input.line(), 3);
        }
    }

    #[test]
    fn it_ends_at_its_limits() {
        let mut input = Input::new(io::repeat(b'x'));
        let error = io::copy(&mut input, &mut io::sink()).unwrap_err();
        assert_eq!(error.to_string(), "one piece of text is longer than 8 MiB");
        let mut input = Input::new(io::repeat(b'x'));
        let error = loop {
            input.next_piece();
            match input.fill_buf().map(<[u8]>::len) {
                Ok(count) => input.consume(count),
                Err(error) => break error,
            }
        };
        assert_eq!(error.to_string(), "it is larger than 64 MiB; the rest is left out");
    }
}
