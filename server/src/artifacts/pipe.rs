//! A body that a blocking writer makes.

use std::io::{self, Read, Write};

use axum::body::Body;
use bytes::Bytes;
use futures_util::{StreamExt, stream::BoxStream};
use tokio::{runtime::Handle, sync::mpsc};

use super::bytes::key;
use crate::{app::App, storage::StorageError, store::model::Artifact};

const PIECE: usize = 64 * 1024;

/// Writes into a body.
pub(super) struct Pipe {
    pieces: mpsc::Sender<io::Result<Bytes>>,
    buffer: Vec<u8>,
}

/// A body. One whose writing fails is broken off, so that nobody takes a half for the whole.
pub(super) fn body(write: impl FnOnce(&mut Pipe, &Handle) -> io::Result<()> + Send + 'static) -> Body {
    let (pieces, arrive) = mpsc::channel(8);
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        let mut pipe = Pipe { pieces, buffer: Vec::with_capacity(PIECE) };
        if let Err(error) = write(&mut pipe, &runtime).and_then(|()| pipe.flush()) {
            if error.kind() != io::ErrorKind::BrokenPipe {
                tracing::error!(%error, "an archive of artifacts was broken off");
            }
            let _ = pipe.pieces.blocking_send(Err(error));
        }
    });
    Body::from_stream(futures_util::stream::unfold(arrive, |mut arrive| async { Some((arrive.recv().await?, arrive)) }))
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.buffer, Vec::with_capacity(PIECE));
        self.pieces.blocking_send(Ok(piece.into())).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

/// Reads the bytes of an artifact: as many as it has, or an error.
pub(super) struct Reader<'a> {
    runtime: &'a Handle,
    bytes: BoxStream<'static, Result<Bytes, StorageError>>,
    piece: Bytes,
    left: u64,
}

impl<'a> Reader<'a> {
    pub(super) fn open(app: &App, runtime: &'a Handle, artifact: &Artifact) -> io::Result<Self> {
        let found = runtime.block_on(app.storage.get(&key(artifact.build, artifact.id), None));
        let bytes = found.map_err(io::Error::other)?.bytes;
        Ok(Self { runtime, bytes, piece: Bytes::new(), left: artifact.size })
    }
}

impl Read for Reader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.runtime.block_on(self.bytes.next()) {
                Some(piece) => self.piece = piece.map_err(io::Error::other)?,
                None if self.left == 0 => return Ok(0),
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
        let count = buffer.len().min(self.piece.len());
        self.left = self.left.checked_sub(count as u64).ok_or(io::ErrorKind::InvalidData)?;
        buffer[..count].copy_from_slice(&self.piece.split_to(count));
        Ok(count)
    }
}
