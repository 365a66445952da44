//! Caches: the keys, what an entry is packed into, and copies of entries on this machine.

mod archive;
mod checksum;
mod digest;
mod shelf;
mod words;

pub(crate) use archive::{Packed, Packer, TooLarge, unpacked};
pub(crate) use checksum::Checksum;
pub(crate) use digest::digest;
pub(crate) use shelf::Shelf;
pub(crate) use words::size;
