//! The SHA-256 of something that is read.

use std::io::{self, Read};

use sha2::{Digest, Sha256};

/// Reads to the end; gives how many bytes there were, and their SHA-256 in 64 hex digits.
pub(crate) fn digest(mut from: impl Read) -> io::Result<(u64, String)> {
    let (mut hash, mut bytes) = (Sha256::new(), 0);
    let mut piece = vec![0; 64 * 1024];
    loop {
        match from.read(&mut piece) {
            Ok(0) => return Ok((bytes, hex::encode(hash.finalize()))),
            Ok(read) => {
                hash.update(&piece[..read]);
                bytes += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
