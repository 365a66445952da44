//! Replaces secrets in a stream. What comes out does not depend on how the stream was cut into pieces.

use std::sync::Arc;

use super::needles::Needles;

/// What stands in a log for a secret.
const MASK: &[u8] = b"********";

/// Masks one stream.
///
/// Needles that overlap are masked as one piece, so that no rest of the longer one stays. A byte is held back only while it may
/// still turn out to begin a needle.
#[derive(Clone, Debug)]
pub struct Masker {
    needles: Arc<Needles>,
    held: Vec<u8>,
    /// How many of the held bytes are already masked.
    covered: usize,
}

impl Masker {
    /// A masker at the start of a stream.
    pub fn new(needles: Arc<Needles>) -> Self {
        Self { needles, held: Vec::new(), covered: 0 }
    }

    /// Takes the next piece, appends what is safe to `out`.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.held.extend_from_slice(bytes);
        let cut = self.needles.cut(&self.held);
        self.emit(cut, out);
    }

    /// The stream pauses or ends: nothing is held back any more.
    pub fn flush(&mut self, out: &mut Vec<u8>) {
        self.emit(self.held.len(), out);
        self.covered = 0;
    }

    fn emit(&mut self, cut: usize, out: &mut Vec<u8>) {
        let mut places: Vec<(usize, usize)> = self.needles.places(&self.held).collect();
        places.sort_unstable();
        let mut done = self.covered;
        for (start, end) in places {
            if start >= cut {
                break;
            }
            if start >= done {
                out.extend_from_slice(&self.held[done..start]);
                out.extend_from_slice(MASK);
            }
            done = done.max(end);
        }
        if done < cut {
            out.extend_from_slice(&self.held[done..cut]);
            done = cut;
        }
        self.held.drain(..cut);
        self.covered = done - cut;
    }
}
