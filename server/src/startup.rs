//! From settings to a server that listens.

use std::net::SocketAddr;

use crate::config::Config;

/// A server that runs.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub addr: SocketAddr,
    /// The administrator's token, when this start made it. It is not shown again.
    pub admin_token: Option<String>,
}

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be bound.
    #[error("cannot listen on {addr}: {cause}")]
    Bind {
        /// Which.
        addr: SocketAddr,
        /// Why.
        cause: std::io::Error,
    },
}

/// Starts a server.
pub async fn start(config: Config) -> Result<Running, StartError> {
    let _ = crate::routes::router;
    let listener = tokio::net::TcpListener::bind(config.listen)
        .await
        .map_err(|cause| StartError::Bind { addr: config.listen, cause })?;
    Ok(Running { addr: listener.local_addr().unwrap_or(config.listen), admin_token: None })
}
