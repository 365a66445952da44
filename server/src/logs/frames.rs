//! The form of a log in the storage: zstd frames of [`FRAME`] bytes of text each, and a table of them at the end.
//!
//! It is zstd's "seekable format": the table is a skippable frame, so that plain `zstd -d` gives the text.

use std::{io, ops::Range};

/// Bytes of text in each frame but the last.
pub(super) const FRAME: usize = 256 * 1024;
/// How much zstd tries: its own default.
const LEVEL: i32 = 3;

/// "A frame to skip" (the last hex digit is free to choose).
const SKIPPABLE: u32 = 0x184D_2A5E;
/// What the table ends with.
const SEEKABLE: u32 = 0x8F92_EAB1;
/// Number of frames, a byte of flags, [`SEEKABLE`].
const FOOTER: usize = 9;
/// Flag: each entry has a checksum after its two lengths.
const CHECKSUMS: u8 = 0x80;
/// No frame of a log has more text. More is taken for damage, before memory is.
const MOST_FRAME: u32 = 16 * 1024 * 1024;

/// Where each frame begins: in the object, and in the text.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Table {
    /// Ends of the frames: (in the object, in the text). Sorted.
    ends: Vec<(u64, u64)>,
}

/// Some whole frames.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Span {
    /// Their bytes in the object.
    pub(super) stored: Range<u64>,
    /// Their bytes in the text.
    pub(super) text: Range<u64>,
    /// The lengths of each: (in the object, in the text).
    pub(super) frames: Vec<(usize, usize)>,
}

/// What the end of an object says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Ending {
    /// The table.
    Table(Table),
    /// The table is longer: so many bytes of the end are needed.
    Longer(u64),
}

impl Table {
    /// Adds a frame.
    pub(super) fn push(&mut self, stored: usize, text: usize) {
        let (at, from) = self.end();
        self.ends.push((at + stored as u64, from + text as u64));
    }

    /// Where the frames end, in the object and in the text.
    pub(super) fn end(&self) -> (u64, u64) {
        self.ends.last().copied().unwrap_or_default()
    }

    /// Bytes of the skippable frame that [`Table::encode`] makes.
    pub(super) fn size(&self) -> u64 {
        (8 + self.ends.len() * 8 + FOOTER) as u64
    }

    /// The skippable frame.
    pub(super) fn encode(&self) -> io::Result<Vec<u8>> {
        let too_long = |_| io::Error::other("a log of too many frames");
        let count = u32::try_from(self.ends.len()).map_err(too_long)?;
        let size = u32::try_from(self.ends.len() * 8 + FOOTER).map_err(too_long)?;
        let mut bytes = Vec::with_capacity(size as usize + 8);
        let mut put = |number: u32| bytes.extend_from_slice(&number.to_le_bytes());
        put(SKIPPABLE);
        put(size);
        let (mut at, mut from) = (0, 0);
        for &(stored, text) in &self.ends {
            put(u32::try_from(stored - at).map_err(too_long)?);
            put(u32::try_from(text - from).map_err(too_long)?);
            (at, from) = (stored, text);
        }
        put(count);
        bytes.push(0);
        bytes.extend_from_slice(&SEEKABLE.to_le_bytes());
        Ok(bytes)
    }

    /// The table in the last bytes of an object.
    pub(super) fn parse(end: &[u8]) -> io::Result<Ending> {
        let number =
            |at: usize| end.get(at..at + 4).map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]));
        let footer = end.len().checked_sub(FOOTER).ok_or_else(|| damaged("it is too short"))?;
        if number(footer + 5) != Some(SEEKABLE) {
            return Err(damaged("it has no table at its end"));
        }
        let width = if end[footer + 4] & CHECKSUMS == 0 { 8 } else { 12 };
        let count = number(footer).unwrap_or_default() as usize;
        let size = 8 + count * width + FOOTER;
        let Some(start) = end.len().checked_sub(size) else { return Ok(Ending::Longer(size as u64)) };
        if number(start).map(|magic| magic & !0xF) != Some(SKIPPABLE & !0xF) {
            return Err(damaged("its table has no beginning"));
        }
        let mut table = Self::default();
        for at in (start + 8..footer).step_by(width) {
            let (stored, text) = (number(at).unwrap_or_default(), number(at + 4).unwrap_or_default());
            if stored == 0 || text > MOST_FRAME {
                return Err(damaged("its table makes no sense"));
            }
            table.push(stored as usize, text as usize);
        }
        Ok(Ending::Table(table))
    }

    /// The frames that hold a range of the text; `None` when it has nothing of it.
    pub(super) fn span(&self, range: Range<u64>) -> Option<Span> {
        let range = range.start..range.end.min(self.end().1);
        if range.is_empty() {
            return None;
        }
        let first = self.ends.partition_point(|&(_, text)| text <= range.start);
        let last = self.ends.partition_point(|&(_, text)| text < range.end);
        let before = |frame: usize| frame.checked_sub(1).map_or((0, 0), |before| self.ends[before]);
        let frames = (first..=last).map(|frame| {
            let ((at, from), (stored, text)) = (before(frame), self.ends[frame]);
            ((stored - at) as usize, (text - from) as usize)
        });
        let (begin, end) = (before(first), self.ends[last]);
        Some(Span { stored: begin.0..end.0, text: begin.1..end.1, frames: frames.collect() })
    }
}

impl Span {
    /// The text of a range from the bytes of the frames.
    pub(super) fn text(&self, mut stored: &[u8], range: Range<u64>) -> io::Result<Vec<u8>> {
        let mut text = Vec::with_capacity((self.text.end - self.text.start) as usize);
        for &(length, size) in &self.frames {
            let (frame, rest) =
                stored.split_at_checked(length).ok_or_else(|| damaged("it is shorter than its table says"))?;
            let piece = zstd::bulk::decompress(frame, size).map_err(|error| damaged(&error.to_string()))?;
            if piece.len() != size {
                return Err(damaged("a frame is shorter than its table says"));
            }
            text.extend_from_slice(&piece);
            stored = rest;
        }
        text.truncate((range.end.min(self.text.end) - self.text.start) as usize);
        text.drain(..(range.start - self.text.start) as usize);
        Ok(text)
    }
}

/// A frame of some text, with a checksum that is looked at when it is read.
pub(super) fn compress(text: &[u8]) -> io::Result<Vec<u8>> {
    let mut compressor = zstd::bulk::Compressor::new(LEVEL)?;
    compressor.include_checksum(true)?;
    compressor.compress(text)
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the log in the storage is damaged: {what}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Frames of these lengths, as an object.
    fn object(text: &[u8], lengths: &[usize]) -> Vec<u8> {
        let (mut object, mut table, mut at) = (Vec::new(), Table::default(), 0);
        for length in lengths {
            let frame = compress(&text[at..at + length]).unwrap();
            table.push(frame.len(), *length);
            object.extend_from_slice(&frame);
            at += length;
        }
        object.extend_from_slice(&table.encode().unwrap());
        object
    }

    proptest! {
        #[test]
        fn any_range_comes_back(lengths in prop::collection::vec(1usize..200, 0..20), from in 0u64..3000, size in 0u64..3000) {
            let length: usize = lengths.iter().sum();
            let text: Vec<u8> = (0..length).map(|at| (at * 7 % 256) as u8).collect();
            let object = object(&text, &lengths);
            let Ending::Table(table) = Table::parse(&object).unwrap() else { panic!("all of it was given") };
            let want = &text[length.min(from as usize)..length.min((from + size) as usize)];
            match table.span(from..from + size) {
                None => prop_assert!(want.is_empty()),
                Some(span) => {
                    let stored = &object[span.stored.start as usize..span.stored.end as usize];
                    prop_assert_eq!(span.text(stored, from..from + size).unwrap(), want);
                    // Not one frame more than is needed.
                    let first = span.frames[0].1 as u64;
                    prop_assert!(span.text.start + first > from);
                }
            }
        }

        #[test]
        fn no_bytes_make_it_panic(mut object in Just(object(&[7; 500], &[200, 200, 100])), at in 0usize..64, byte: u8, cut in 0usize..80) {
            let place = object.len() - 1 - at;
            object[place] = byte;
            object.truncate(object.len() - cut);
            if let Ok(Ending::Table(table)) = Table::parse(&object)
                && let Some(span) = table.span(0..500)
            {
                let _ = span.text(&object, 0..500);
            }
        }
    }

    #[test]
    fn a_table_says_how_much_of_the_end_it_needs() {
        let object = object(&[1; 3000], &[100; 30]);
        let Ending::Longer(need) = Table::parse(&object[object.len() - 100..]).unwrap() else { panic!("it is cut") };
        assert_eq!(need, 8 + 30 * 8 + 9);
        let end = &object[object.len() - need as usize..];
        assert!(matches!(Table::parse(end).unwrap(), Ending::Table(table) if table.end().1 == 3000));
    }

    #[test]
    fn damage_is_said() {
        let mut object = object(b"one two three", &[4, 9]);
        let Ending::Table(table) = Table::parse(&object).unwrap() else { panic!("all of it was given") };
        let span = table.span(0..13).unwrap();
        object[8] ^= 1;
        let error = span.text(&object, 0..13).unwrap_err();
        assert!(error.to_string().contains("damaged"), "{error}");
        assert!(Table::parse(&object[..20]).is_err());
    }
}
