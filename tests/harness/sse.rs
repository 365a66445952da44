//! A client of server-sent events.

use std::time::{Duration, Instant};

use futures_util::{Stream, StreamExt};
use tokio::time::timeout;

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) id: Option<String>,
    pub(crate) name: String,
    pub(crate) data: String,
}

/// Cuts a byte stream into events, at any chunk borders.
#[derive(Default)]
pub(crate) struct Parser {
    rest: Vec<u8>,
    event: Event,
    data: Vec<String>,
}

impl Parser {
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<Event> {
        self.rest.extend_from_slice(bytes);
        let mut events = Vec::new();
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned();
            self.line(&line, &mut events);
        }
        events
    }

    fn line(&mut self, line: &str, events: &mut Vec<Event>) {
        if line.is_empty() {
            let mut event = std::mem::take(&mut self.event);
            let data = std::mem::take(&mut self.data);
            if !data.is_empty() || !event.name.is_empty() {
                event.data = data.join("\n");
                events.push(event);
            }
            return;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value).to_owned();
        match field {
            "id" => self.event.id = Some(value),
            "event" => self.event.name = value,
            "data" => self.data.push(value),
            _ => {}
        }
    }
}

/// Events of a response, with the time of their arrival.
pub(crate) struct Events {
    body: std::pin::Pin<Box<dyn Stream<Item = Result<Vec<u8>, String>> + Send>>,
    parser: Parser,
    ready: std::collections::VecDeque<(Event, Instant)>,
}

impl Events {
    pub(crate) fn new(response: reqwest::Response) -> Self {
        let body = response.bytes_stream().map(|bytes| bytes.map(|b| b.to_vec()).map_err(|error| error.to_string()));
        Self { body: Box::pin(body), parser: Parser::default(), ready: Default::default() }
    }

    /// The next event; `None` at the end of the stream. Panics when nothing comes in time.
    pub(crate) async fn next(&mut self, limit: Duration) -> Option<(Event, Instant)> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            let chunk = timeout(limit, self.body.next()).await;
            match chunk.unwrap_or_else(|_| panic!("no event within {limit:?}")) {
                Some(Ok(bytes)) => {
                    let now = Instant::now();
                    self.ready.extend(self.parser.push(&bytes).into_iter().map(|event| (event, now)));
                }
                Some(Err(_)) | None => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunk_borders_do_not_matter() {
        let stream = ": hello\nid: 7\ndata: one\ndata: two\n\nevent: end\ndata:\n\nid: 9\n\n";
        let mut whole = Parser::default();
        let events = whole.push(stream.as_bytes());
        assert_eq!(events.len(), 2, "an id alone is no event");
        assert_eq!((events[0].id.as_deref(), events[0].data.as_str()), (Some("7"), "one\ntwo"));
        assert_eq!(events[1].name, "end");
        for size in 1..stream.len() {
            let mut parser = Parser::default();
            let cut: Vec<Event> = stream.as_bytes().chunks(size).flat_map(|chunk| parser.push(chunk)).collect();
            assert_eq!(cut, events, "chunks of {size}");
        }
    }
}
