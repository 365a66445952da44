//! Calls to the engine that its client library does not have: BuildKit's builds, and the session that they ask back through.

use std::{env, fmt, io, path::PathBuf, pin::Pin};

use bytes::Bytes;
use futures_util::TryStreamExt;
use http_body_util::{BodyExt, Limited, combinators::UnsyncBoxBody};
use hyper::{
    Request, Response, StatusCode,
    body::Incoming,
    client::conn::http1::{self, SendRequest},
    header,
    upgrade::Upgraded,
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncWrite, Lines},
    net::{TcpStream, UnixStream},
    task::JoinHandle,
};
use tokio_util::io::StreamReader;

use super::engine::EngineError;

/// Where an engine listens unless `DOCKER_HOST` says otherwise.
const SOCKET: &str = "/var/run/docker.sock";
/// Longest text of a refusal that is read.
const REFUSAL: usize = 64 * 1024;

/// What a request carries.
pub(super) type Body = UnsyncBoxBody<Bytes, io::Error>;

/// Where the engine listens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Address {
    Unix(PathBuf),
    /// `host:port`
    Tcp(String),
}

/// An answer. Its connection is closed when it is dropped, which makes the engine stop what it was asked for.
pub(super) struct Answer {
    response: Response<Incoming>,
    connection: Connection,
}

/// The lines of an answer.
pub(super) struct AnswerLines {
    lines: Lines<Pin<Box<dyn AsyncBufRead + Send>>>,
    _connection: Connection,
}

struct Connection {
    _sender: SendRequest<Body>,
    task: JoinHandle<()>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connection")
    }
}

fn broken(error: impl fmt::Display) -> EngineError {
    EngineError::Broken(error.to_string())
}

impl Address {
    /// As the client library finds it. `None`: in a way that only the library knows.
    pub(super) fn from_environment() -> Option<Self> {
        match env::var("DOCKER_HOST") {
            Ok(host) if !host.is_empty() => Self::parse(&host),
            _ => Some(Self::Unix(SOCKET.into())),
        }
    }

    fn parse(host: &str) -> Option<Self> {
        if let Some(path) = host.strip_prefix("unix://") {
            return Some(Self::Unix(path.into()));
        }
        let at = host.strip_prefix("tcp://").or_else(|| host.strip_prefix("http://"))?.trim_end_matches('/');
        let has_port = at.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        Some(Self::Tcp(if has_port { at.to_owned() } else { format!("{at}:2375") }))
    }

    /// Sends a request; gives the answer when it is one of success.
    pub(super) async fn send(&self, request: Request<Body>) -> Result<Answer, EngineError> {
        match self {
            Self::Unix(path) => over(UnixStream::connect(path).await.map_err(broken)?, request).await,
            Self::Tcp(host) => over(TcpStream::connect(host).await.map_err(broken)?, request).await,
        }
    }
}

async fn over(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    mut request: Request<Body>,
) -> Result<Answer, EngineError> {
    request.headers_mut().insert(header::HOST, header::HeaderValue::from_static("docker"));
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let task = tokio::spawn(async move {
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!(%error, "a connection to the engine broke");
        }
    });
    let response = sender.send_request(request).await;
    let answer = Answer { response: response.map_err(broken)?, connection: Connection { _sender: sender, task } };
    let status = answer.response.status();
    if status.is_success() || status == StatusCode::SWITCHING_PROTOCOLS {
        return Ok(answer);
    }
    let text = Limited::new(answer.response.into_body(), REFUSAL).collect().await.map_err(broken)?.to_bytes();
    let message = serde_json::from_slice::<serde_json::Value>(&text)
        .ok()
        .and_then(|body| Some(body.get("message")?.as_str()?.to_owned()))
        .unwrap_or_else(|| String::from_utf8_lossy(&text).trim().to_owned());
    Err(EngineError::Refused { status: status.as_u16(), message })
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok().filter(|value| !value.is_empty())
    }

    /// The connection itself, which the engine has agreed to speak another protocol on.
    pub(super) async fn upgraded(self) -> Result<Upgraded, EngineError> {
        let Self { response, connection } = self;
        let upgraded = hyper::upgrade::on(response).await.map_err(broken)?;
        drop(connection);
        Ok(upgraded)
    }

    /// One text a line.
    pub(super) fn lines(self) -> AnswerLines {
        let body = self.response.into_body().into_data_stream().map_err(io::Error::other);
        let reader: Pin<Box<dyn AsyncBufRead + Send>> = Box::pin(StreamReader::new(body));
        AnswerLines { lines: reader.lines(), _connection: self.connection }
    }
}

impl AnswerLines {
    /// The next line; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<String>, EngineError> {
        self.lines.next_line().await.map_err(broken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_the_client_library_does() {
        assert_eq!(Address::parse("unix:///run/x.sock"), Some(Address::Unix("/run/x.sock".into())));
        for (text, wanted) in [("tcp://10.0.0.1:2375", "10.0.0.1:2375"), ("http://engine/", "engine:2375")] {
            assert_eq!(Address::parse(text), Some(Address::Tcp(wanted.to_owned())));
        }
        assert_eq!(Address::parse("ssh://me@there"), None);
    }
}
