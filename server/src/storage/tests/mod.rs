//! The same promises on a folder and on an S3 server.

mod folder;
mod promises;
mod s3;

use std::io;

use bytes::Bytes;
use futures_util::{Stream, stream};

/// A body of so many bytes that are the same for the same seed, in chunks as a network gives them.
fn body(length: usize, seed: u8) -> impl Stream<Item = io::Result<Bytes>> {
    let bytes = Bytes::from(content(length, seed));
    stream::iter((0..length).step_by(100_000).map(move |start| Ok(bytes.slice(start..length.min(start + 100_000)))))
}

fn content(length: usize, seed: u8) -> Vec<u8> {
    (0..length).map(|at| (at % 251) as u8 ^ seed).collect()
}
