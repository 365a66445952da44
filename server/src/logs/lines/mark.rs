//! A place in a log.

use slipway_pipelines::state::Millis;

/// Bytes of a mark in a file.
pub(super) const SIZE: usize = 24;

/// A place in a log: how many lines end before it, and when the byte at it arrived.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Mark {
    /// In bytes.
    pub offset: u64,
    /// Ends of lines before it.
    pub ended: u64,
    /// When the byte at it came; 0 when nobody knows.
    pub time: Millis,
}

impl Mark {
    /// As it is in a file.
    pub(super) fn bytes(&self) -> [u8; SIZE] {
        let mut bytes = [0; SIZE];
        bytes[..8].copy_from_slice(&self.offset.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.ended.to_le_bytes());
        bytes[16..22].copy_from_slice(&self.time.max(0).to_le_bytes()[..6]);
        let check = check(&bytes[..22]);
        bytes[22..].copy_from_slice(&check.to_le_bytes());
        bytes
    }

    /// Of a file. `None`: it is none, or only a part of one reached the disk.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; SIZE] = bytes.try_into().ok()?;
        let number = |from: usize, length: usize| {
            let mut eight = [0; 8];
            eight[..length].copy_from_slice(&bytes[from..from + length]);
            u64::from_le_bytes(eight)
        };
        let whole = number(22, 2) == u64::from(check(&bytes[..22]));
        let time = Millis::try_from(number(16, 6)).ok()?;
        whole.then(|| Self { offset: number(0, 8), ended: number(8, 8), time })
    }

    /// Whether this one can come after another.
    pub(super) fn follows(&self, last: &Self) -> bool {
        self.offset > last.offset
            && self.ended >= last.ended
            && self.ended - last.ended <= self.offset - last.offset
            && self.time >= last.time
    }
}

/// FNV-1a, folded. Zeros, which a disk may give for what it lost, have none of 0.
fn check(bytes: &[u8]) -> u16 {
    let hash = bytes.iter().fold(0x811C_9DC5_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    (hash ^ (hash >> 16)) as u16
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_comes_back(offset: u64, ended: u64, time in 0..(1_i64 << 47)) {
            let mark = Mark { offset, ended, time };
            prop_assert_eq!(Mark::parse(&mark.bytes()), Some(mark));
        }
    }

    #[test]
    fn half_of_one_is_none() {
        let bytes = Mark { offset: 70_000, ended: 900, time: 1_700_000_000_000 }.bytes();
        assert_eq!(Mark::parse(&bytes[..23]), None);
        assert_eq!(Mark::parse(&[0; SIZE]), None);
        let torn = [&bytes[..12], &[0; 12]].concat();
        assert_eq!(Mark::parse(&torn), None);
    }
}
