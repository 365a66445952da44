//! The client's side of the runner protocol (`slipway_pipelines::wire`): one method a request, typed errors, no retries.

mod artifacts;
mod caches;

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use reqwest::{Response, StatusCode, Url};
use serde::{Serialize, de::DeserializeOwned};
use slipway_pipelines::{
    lease::Claim,
    wire::{Appended, Committed, Events, Grant, Hello, LONG_POLL_MS, Next, Renew, Renewed, Reported, Welcome},
};

/// How long an answer that is not held may take: a server that flushes a slow disk gets the time, a dead one does not.
const ANSWER: Duration = Duration::from_secs(20);

/// Longest error text that is taken from a server's answer, in characters.
const TEXT: usize = 200;

/// Speaks to one server with one token. Cheap to clone; connections are kept and shared.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    token: Arc<str>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

/// Why a request was not answered as hoped.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// 401.
    #[error("the server does not take the token")]
    Unauthorized,
    /// 404: the server does not know the runner or the job.
    #[error("the server does not know what was asked for")]
    Unknown,
    /// 409: the claim is not the current one.
    #[error("the lease is stale")]
    Stale,
    /// 416: the log is shorter than the offset.
    #[error("the stored log has only {} bytes", .0.committed)]
    Beyond(Appended),
    /// 426: the server speaks another protocol.
    #[error("the server speaks another version of the protocol")]
    Protocol,
    /// The server cannot now: overload, a full disk, an error of its own.
    #[error("the server answers {status}: {text}")]
    Later {
        /// What it answered.
        status: StatusCode,
        /// What it said about it.
        text: String,
    },
    /// The server will not, however often it is asked.
    #[error("the server refuses with {status}: {text}")]
    Refused {
        /// What it answered.
        status: StatusCode,
        /// What it said about it.
        text: String,
    },
    /// No answer, or none that makes sense.
    #[error("no answer from the server: {0}")]
    Unreachable(reqwest::Error),
}

impl From<reqwest::Error> for CallError {
    fn from(error: reqwest::Error) -> Self {
        Self::Unreachable(error.without_url())
    }
}

/// An address that is none.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadAddress(String);

impl Client {
    /// A client of the server at the address.
    ///
    /// # Errors
    ///
    /// The address is not one of HTTP.
    pub fn new(server: &str, token: &str) -> Result<Self, BadAddress> {
        let mut base = Url::parse(server).map_err(|error| BadAddress(error.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(BadAddress("it must begin with http:// or https://".to_owned()));
        }
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(5))
            .tcp_keepalive(Duration::from_secs(15))
            .user_agent(concat!("slipway-runner/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| BadAddress(error.to_string()))?;
        Ok(Self { http, base, token: token.into() })
    }

    /// The runner presents itself.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub async fn hello(&self, hello: &Hello) -> Result<Welcome, CallError> {
        read(self.post("hello", hello, ANSWER).await?).await
    }

    /// Waits for a job; `None` when there is none for now.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub async fn next(&self, next: &Next) -> Result<Option<Grant>, CallError> {
        let answer = self.post("next", next, ANSWER + Duration::from_millis(LONG_POLL_MS)).await?;
        if answer.status() == StatusCode::NO_CONTENT {
            return Ok(None);
        }
        read(answer).await.map(Some)
    }

    /// Renews leases and waits for orders.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub async fn renew(&self, renew: &Renew) -> Result<Renewed, CallError> {
        read(self.post("renew", renew, Duration::from_secs(5) + Duration::from_millis(renew.wait_ms)).await?).await
    }

    /// Tells what happened.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub async fn events(&self, events: &Events) -> Result<(), CallError> {
        self.post("events", events, ANSWER).await.map(drop)
    }

    /// Hands over a part of a report.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub async fn report(&self, reported: &Reported) -> Result<(), CallError> {
        self.post("reports", reported, ANSWER).await.map(drop)
    }

    /// What is stored of a job's logs.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub async fn committed(&self, claim: Claim) -> Result<Committed, CallError> {
        let path = format!("logs/{}/{}?epoch={}", claim.job, claim.attempt, claim.epoch);
        let request = self.http.get(self.address(&path)).bearer_auth(&self.token).timeout(ANSWER);
        read(check(request.send().await?).await?).await
    }

    /// Stores log bytes.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub async fn append(&self, claim: Claim, step: usize, offset: u64, bytes: Bytes) -> Result<Appended, CallError> {
        let Claim { job, attempt, epoch } = claim;
        let path = format!("logs/{job}/{attempt}/{step}?epoch={epoch}&offset={offset}");
        let request = self.http.post(self.address(&path)).bearer_auth(&self.token).timeout(ANSWER);
        let request = request.header(reqwest::header::CONTENT_TYPE, "application/octet-stream").body(bytes);
        let answer = request.send().await?;
        if answer.status() == StatusCode::RANGE_NOT_SATISFIABLE {
            return Err(CallError::Beyond(read(answer).await?));
        }
        read(check(answer).await?).await
    }

    async fn post(&self, path: &str, body: &impl Serialize, patience: Duration) -> Result<Response, CallError> {
        let request = self.http.post(self.address(path)).bearer_auth(&self.token).timeout(patience).json(body);
        check(request.send().await?).await
    }

    fn address(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        url.set_path(&format!("{}runner/v1/{path}", self.base.path()));
        url.set_query(query);
        url
    }
}

async fn read<T: DeserializeOwned>(answer: Response) -> Result<T, CallError> {
    Ok(answer.json().await?)
}

async fn check(answer: Response) -> Result<Response, CallError> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    Err(match status {
        StatusCode::UNAUTHORIZED => CallError::Unauthorized,
        StatusCode::NOT_FOUND => CallError::Unknown,
        StatusCode::CONFLICT => CallError::Stale,
        StatusCode::UPGRADE_REQUIRED => CallError::Protocol,
        _ => {
            let text: String = answer.text().await.unwrap_or_default().chars().take(TEXT).collect();
            let again = matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS);
            if status.is_server_error() || again {
                CallError::Later { status, text }
            } else {
                CallError::Refused { status, text }
            }
        }
    })
}
