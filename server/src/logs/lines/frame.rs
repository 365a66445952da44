//! The index of a log in the storage: one more frame that zstd skips, between the text's frames and their table.
//!
//! After the frame's head: version, bytes unpacked, and a zstd frame of numbers (LEB128): length, ends of lines, whether the
//! last line is open, then of each mark how much each of its three numbers grew.

use std::io;

use super::{LineIndex, mark::Mark};

/// "A frame to skip", another than that of the table.
const SKIPPABLE: u32 = 0x184D_2A5D;
const VERSION: u8 = 1;
/// Head: magic, size, version, bytes unpacked.
const HEAD: usize = 13;
/// More is taken for damage, before memory is.
const MOST: usize = 64 << 20;
const LEVEL: i32 = 3;

/// The frame.
pub(crate) fn encode(index: &LineIndex) -> io::Result<Vec<u8>> {
    let mut numbers = Vec::new();
    put(&mut numbers, index.length());
    put(&mut numbers, index.ended());
    put(&mut numbers, u64::from(index.rest()));
    let mut last = Mark::default();
    for mark in index.marks() {
        put(&mut numbers, mark.offset - last.offset);
        put(&mut numbers, mark.ended - last.ended);
        put(&mut numbers, mark.time.abs_diff(last.time));
        last = *mark;
    }
    let packed = zstd::bulk::compress(&numbers, LEVEL)?;
    let too_long = |_| io::Error::other("an index of too many lines");
    let size = u32::try_from(packed.len() + HEAD - 8).map_err(too_long)?;
    let unpacked = u32::try_from(numbers.len()).map_err(too_long)?;
    let head = [&SKIPPABLE.to_le_bytes()[..], &size.to_le_bytes(), &[VERSION], &unpacked.to_le_bytes()].concat();
    Ok([head, packed].concat())
}

/// What a frame says. `None`: it is another one, or damaged.
pub(crate) fn decode(frame: &[u8]) -> Option<LineIndex> {
    let number = |at: usize| Some(u32::from_le_bytes(frame.get(at..at + 4)?.try_into().ok()?));
    let whole = number(0)? == SKIPPABLE && number(4)? as usize + 8 == frame.len() && *frame.get(8)? == VERSION;
    let unpacked = number(9)? as usize;
    if !whole || unpacked > MOST {
        return None;
    }
    let numbers = zstd::bulk::decompress(frame.get(HEAD..)?, unpacked).ok()?;
    let mut rest = &numbers[..];
    let (length, ended, open) = (take(&mut rest)?, take(&mut rest)?, take(&mut rest)?);
    let (mut marks, mut last) = (Vec::new(), Mark::default());
    while !rest.is_empty() {
        let mark = Mark {
            offset: last.offset.checked_add(take(&mut rest)?)?,
            ended: last.ended.checked_add(take(&mut rest)?)?,
            time: last.time.checked_add_unsigned(take(&mut rest)?)?,
        };
        if mark.offset > length || mark.ended > ended || !(marks.is_empty() || mark.follows(&last)) {
            return None;
        }
        marks.push(mark);
        last = mark;
    }
    Some(LineIndex::whole(marks, length, ended, open == 1))
}

fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..60), spoil in 0usize..60, byte: u8) {
            let _ = decode(&bytes);
            let marks = vec![Mark { offset: 0, ended: 0, time: 7 }, Mark { offset: 9, ended: 1, time: 8 }];
            bytes = encode(&LineIndex::whole(marks, 12, 1, true)).unwrap();
            let at = spoil % bytes.len();
            bytes[at] = byte;
            let _ = decode(&bytes);
        }

        #[test]
        fn numbers_come_back(number: u64) {
            let mut bytes = Vec::new();
            put(&mut bytes, number);
            let mut rest = &bytes[..];
            prop_assert_eq!(take(&mut rest), Some(number));
            prop_assert!(rest.is_empty());
        }
    }
}
