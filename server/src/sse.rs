//! Streams of events to viewers: pieces of text out of bytes, and the answer that carries them.

use std::convert::Infallible;

use axum::{
    http::HeaderValue,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use bytes::Bytes;
use futures_util::Stream;

/// An answer that no proxy holds back, with a comment every 15 seconds while nothing happens.
pub(crate) fn answer(events: impl Stream<Item = Event> + Send + 'static) -> Response {
    use futures_util::StreamExt;
    let events = events.map(Ok::<_, Infallible>);
    let mut response = Sse::new(events).keep_alive(KeepAlive::default()).into_response();
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// Makes text of bytes that are cut anywhere. A character that is cut is held back until the rest comes; what is no
/// UTF-8 becomes U+FFFD.
#[derive(Debug, Default)]
pub(crate) struct Text {
    /// The beginning of a character: at most three bytes.
    held: Vec<u8>,
}

impl Text {
    /// The text of the next bytes, which start at `offset`, and the offset after it. `None` while a character is not whole.
    pub(crate) fn push(&mut self, offset: u64, bytes: &Bytes) -> Option<(String, u64)> {
        let mut all = std::mem::take(&mut self.held);
        all.extend_from_slice(bytes);
        let end = offset + bytes.len() as u64;
        let whole = all.len() - unfinished(&all);
        self.held = all.split_off(whole);
        (!all.is_empty()).then(|| (lossy(all), end - self.held.len() as u64))
    }

    /// What was held back, when no more comes; `end` is the offset after the last byte.
    pub(crate) fn finish(self, end: u64) -> Option<(String, u64)> {
        (!self.held.is_empty()).then(|| (lossy(self.held), end))
    }
}

fn lossy(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// How many bytes at the end are the beginning of a character that may still become whole.
fn unfinished(bytes: &[u8]) -> usize {
    let tail = &bytes[bytes.len().saturating_sub(3)..];
    (1..=tail.len())
        .find(|length| {
            let end = &tail[tail.len() - length..];
            end[0] >= 0xc0
                && std::str::from_utf8(end).is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
        })
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn cut_text_comes_out_whole_with_true_offsets(text in "\\PC{0,60}", cuts in prop::collection::vec(0usize..240, 0..8)) {
            let bytes = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let (mut made, mut seen) = (Text::default(), String::new());
            for pair in cuts.windows(2) {
                let piece = Bytes::copy_from_slice(&bytes[pair[0]..pair[1]]);
                if let Some((piece, end)) = made.push(pair[0] as u64, &piece) {
                    seen.push_str(&piece);
                    prop_assert_eq!(seen.len() as u64, end);
                }
            }
            prop_assert_eq!(made.finish(bytes.len() as u64), None);
            prop_assert_eq!(seen, text);
        }

        #[test]
        fn any_bytes_make_text_and_all_are_counted(bytes in prop::collection::vec(any::<u8>(), 0..80), at in 0usize..80) {
            let at = at.min(bytes.len());
            let mut made = Text::default();
            let mut last = 0;
            for (start, piece) in [(0, &bytes[..at]), (at, &bytes[at..])] {
                if let Some((_, end)) = made.push(start as u64, &Bytes::copy_from_slice(piece)) {
                    last = end;
                }
            }
            prop_assert!(made.held.len() <= 3);
            if let Some((_, end)) = made.finish(bytes.len() as u64) {
                last = end;
            }
            prop_assert_eq!(last, bytes.len() as u64);
        }
    }
}
