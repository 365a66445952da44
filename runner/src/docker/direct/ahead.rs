//! Reading ahead: who decompresses and who writes files work at once.

use std::{
    io::{self, Read},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
};

/// Size of a piece.
const PIECE: usize = 512 * 1024;
/// Most pieces that wait.
const WAITING: usize = 8;

/// The bytes of another reader, which a thread of its own reads.
pub(super) struct Ahead {
    pieces: Receiver<io::Result<Vec<u8>>>,
    /// Gives used pieces back.
    used: SyncSender<Vec<u8>>,
    piece: Vec<u8>,
    at: usize,
}

impl Ahead {
    pub(super) fn new(from: impl Read + Send + 'static) -> io::Result<Self> {
        let (send, pieces) = sync_channel(WAITING);
        let (used, again) = sync_channel(WAITING + 2);
        thread::Builder::new().name("read-ahead".to_owned()).spawn(move || read(from, &send, &again))?;
        Ok(Self { pieces, used, piece: Vec::new(), at: 0 })
    }
}

fn read(mut from: impl Read, to: &SyncSender<io::Result<Vec<u8>>>, again: &Receiver<Vec<u8>>) {
    loop {
        let mut piece = again.try_recv().unwrap_or_default();
        piece.resize(PIECE, 0);
        let mut filled = 0;
        let failed = loop {
            match from.read(&mut piece[filled..]) {
                Ok(0) => break None,
                Ok(read) => {
                    filled += read;
                    if filled == PIECE {
                        break None;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Some(error),
            }
        };
        let is_last = filled < PIECE;
        piece.truncate(filled);
        let gone = filled > 0 && to.send(Ok(piece)).is_err();
        if let Some(error) = failed {
            let _ = to.send(Err(error));
        }
        if gone || is_last {
            return;
        }
    }
}

impl Read for Ahead {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.at == self.piece.len() {
            match self.pieces.recv() {
                Ok(piece) => {
                    let _ = self.used.try_send(std::mem::replace(&mut self.piece, piece?));
                    self.at = 0;
                }
                // The thread is done.
                Err(_) => return Ok(0),
            }
        }
        let read = to.len().min(self.piece.len() - self.at);
        to[..read].copy_from_slice(&self.piece[self.at..self.at + read]);
        self.at += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_once_and_then_the_error() {
        let bytes: Vec<u8> = (0..PIECE * 11 + 17).map(|at| (at % 251) as u8).collect();
        let mut read = Vec::new();
        Ahead::new(io::Cursor::new(bytes.clone())).unwrap().read_to_end(&mut read).unwrap();
        assert!(read == bytes);

        struct Breaks;
        impl Read for Breaks {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("broken"))
            }
        }
        let mut ahead = Ahead::new(io::Cursor::new(bytes.clone()).chain(Breaks)).unwrap();
        let mut read = Vec::new();
        assert_eq!(ahead.read_to_end(&mut read).unwrap_err().to_string(), "broken");
        assert!(read == bytes);
    }
}
