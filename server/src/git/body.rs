//! A request body as packets first and raw bytes after.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;

use super::pktline::{self, BadPacket, Packet};

/// Longest silence of a client in the middle of its request.
const IDLE: Duration = Duration::from_secs(60);

/// Reads packets off a body as it arrives.
pub(super) struct PacketBody {
    stream: BodyDataStream,
    buffer: BytesMut,
    /// Bytes that may still come.
    budget: u64,
}

/// Why a body ends early.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    #[error("the request ended in the middle of a packet")]
    Cut,
    #[error("the request is larger than this server takes")]
    TooLarge,
    #[error("nothing arrived for {} seconds", IDLE.as_secs())]
    Idle,
    #[error("the request could not be read: {0}")]
    Transport(axum::Error),
    #[error(transparent)]
    Packet(#[from] BadPacket),
}

impl PacketBody {
    pub(super) fn new(body: Body, limit: u64) -> Self {
        Self { stream: body.into_data_stream(), buffer: BytesMut::new(), budget: limit }
    }

    /// The next packet; `None` at the end of the body between two packets.
    pub(super) async fn packet(&mut self) -> Result<Option<Packet>, BodyError> {
        loop {
            if let Some(packet) = pktline::decode(&mut self.buffer)? {
                return Ok(Some(packet));
            }
            match self.arrive().await? {
                Some(chunk) => self.buffer.extend_from_slice(&chunk),
                None if self.buffer.is_empty() => return Ok(None),
                None => return Err(BodyError::Cut),
            }
        }
    }

    /// The next raw bytes; `None` at the end.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, BodyError> {
        if self.buffer.is_empty() { self.arrive().await } else { Ok(Some(self.buffer.split().freeze())) }
    }

    async fn arrive(&mut self) -> Result<Option<Bytes>, BodyError> {
        match tokio::time::timeout(IDLE, self.stream.next()).await {
            Err(_) => Err(BodyError::Idle),
            Ok(None) => Ok(None),
            Ok(Some(Err(error))) => Err(BodyError::Transport(error)),
            Ok(Some(Ok(chunk))) => {
                self.budget = self.budget.checked_sub(chunk.len() as u64).ok_or(BodyError::TooLarge)?;
                Ok(Some(chunk))
            }
        }
    }
}
