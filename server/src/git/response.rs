//! A response that is written while the work goes on.

use axum::{
    body::Body,
    http::{HeaderValue, header},
    response::Response,
};
use bytes::Bytes;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::{
    pktline::{self, Band},
    service::Service,
};

/// Packets in flight; what fills up makes the writer wait.
const IN_FLIGHT: usize = 16;

/// The client has gone: nobody reads any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gone;

/// The writing end of a response. The response ends when the last one is dropped.
#[derive(Clone, Debug)]
pub(crate) struct Bands {
    sender: mpsc::Sender<Result<Bytes, std::convert::Infallible>>,
    /// Whether the client can tell bands apart; without it only data is sent, bare.
    separate: bool,
}

impl Bands {
    /// A writer, and what it writes as the body of a response.
    pub(super) fn open(separate: bool) -> (Self, Body) {
        let (sender, receiver) = mpsc::channel(IN_FLIGHT);
        (Self { sender, separate }, Body::from_stream(ReceiverStream::new(receiver)))
    }

    /// Bytes outside of any band.
    async fn raw(&self, bytes: Vec<u8>) -> Result<(), Gone> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.sender.send(Ok(bytes.into())).await.map_err(|_| Gone)
    }

    /// The protocol's own bytes. Empty: a sign of life.
    pub(super) async fn data(&self, bytes: &[u8]) -> Result<(), Gone> {
        self.raw(self.frame(Band::Data, bytes)).await
    }

    /// The same from a thread that may block.
    pub(super) fn blocking_data(&self, bytes: &[u8]) -> Result<(), Gone> {
        self.blocking_raw(self.frame(Band::Data, bytes))
    }

    /// What the client shows after `remote: `. Ends with a newline, or a carriage return for a line that will be overwritten.
    pub(crate) async fn progress(&self, text: &str) -> Result<(), Gone> {
        if !self.separate || text.is_empty() {
            return if self.sender.is_closed() { Err(Gone) } else { Ok(()) };
        }
        self.raw(self.frame(Band::Progress, text.as_bytes())).await
    }

    /// The same from a thread that may block.
    pub(super) fn blocking_progress(&self, text: &str) -> Result<(), Gone> {
        if !self.separate {
            return Ok(());
        }
        self.blocking_raw(self.frame(Band::Progress, text.as_bytes()))
    }

    /// Says that the server lives. Clients show nothing.
    pub(crate) async fn alive(&self) -> Result<(), Gone> {
        if self.separate { self.data(b"").await } else { Ok(()) }
    }

    /// Resolves when the client has gone.
    pub(crate) async fn gone(&self) {
        self.sender.closed().await;
    }

    fn frame(&self, band: Band, bytes: &[u8]) -> Vec<u8> {
        if !self.separate {
            return bytes.to_vec();
        }
        let mut out = Vec::with_capacity(bytes.len() + 16);
        pktline::band(band, bytes, &mut out);
        out
    }

    /// The last packet, where bands are used.
    pub(super) async fn end(self) {
        // A client that has gone misses nothing.
        let _ = self.raw(self.last()).await;
    }

    /// The same from a thread that may block.
    pub(super) fn blocking_end(&self) {
        let _ = self.blocking_raw(self.last());
    }

    /// Bytes outside of any band, from a thread that may block.
    pub(super) fn blocking_raw(&self, bytes: Vec<u8>) -> Result<(), Gone> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.sender.blocking_send(Ok(bytes.into())).map_err(|_| Gone)
    }

    /// The reason why nothing more comes.
    pub(super) fn blocking_fatal(&self, text: &str) {
        if self.separate {
            let _ = self.blocking_raw(self.frame(Band::Fatal, text.as_bytes()));
        }
    }

    fn last(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if self.separate {
            pktline::flush(&mut out);
        }
        out
    }
}

/// A response of a service, never cached.
pub(super) fn result(service: Service, kind: &str, body: Body) -> Response {
    let mut response = Response::new(body);
    let content = format!("application/x-{}-{kind}", service.as_str());
    if let Ok(content) = HeaderValue::from_str(&content) {
        response.headers_mut().insert(header::CONTENT_TYPE, content);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-store"));
    response
}
