//! A server that runs.

use std::{io, net::SocketAddr};

use secrecy::{ExposeSecret, SecretString};
use tokio::{sync::watch, task::JoinHandle};

use super::folder::Folder;
use crate::{app::App, links, store::StoreError};

/// A server that runs. Dropping it stops it without waiting.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub addr: SocketAddr,
    app: App,
    admin_token: Option<SecretString>,
    runner_token: SecretString,
    /// How serving ended, once it has.
    ended: watch::Receiver<Option<Result<(), String>>>,
    tasks: Vec<JoinHandle<()>>,
    _folder: Folder,
}

impl Running {
    pub(super) fn new(
        app: App,
        folder: Folder,
        server: JoinHandle<io::Result<()>>,
        mut tasks: Vec<JoinHandle<()>>,
        admin_token: Option<SecretString>,
        runner_token: SecretString,
    ) -> Self {
        let (sender, ended) = watch::channel(None);
        tasks.push(tokio::spawn(async move {
            let result = server.await.map_err(|error| error.to_string());
            sender.send_replace(Some(result.and_then(|serving| serving.map_err(|error| error.to_string()))));
        }));
        Self { addr: app.config.listen, app, admin_token, runner_token, ended, tasks, _folder: folder }
    }

    /// Its parts.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Base URL for people.
    pub fn url(&self) -> &str {
        &self.app.config.public_url
    }

    /// Base URL for a runner in the same process.
    pub fn loopback_url(&self) -> String {
        let mut addr = self.addr;
        if addr.ip().is_unspecified() {
            addr.set_ip(if addr.is_ipv4() {
                std::net::Ipv4Addr::LOCALHOST.into()
            } else {
                std::net::Ipv6Addr::LOCALHOST.into()
            });
        }
        format!("http://{addr}")
    }

    /// The administrator's token, when this start made it. It cannot be had again.
    pub fn admin_token(&self) -> Option<&str> {
        self.admin_token.as_ref().map(ExposeSecret::expose_secret)
    }

    /// The token that runners come with.
    pub fn runner_token(&self) -> String {
        self.runner_token.expose_secret().to_owned()
    }

    /// A link that logs a browser in, once, within a day.
    pub async fn login_link(&self) -> Result<String, StoreError> {
        let token = self.app.store.create_login().await?;
        Ok(format!("{}{}", self.url(), links::login(token.expose_secret())))
    }

    /// Waits until the server has ended, by itself or because it was stopped.
    pub async fn ended(&self) -> Result<(), io::Error> {
        let mut ended = self.ended.clone();
        match ended.wait_for(Option::is_some).await {
            Ok(result) => result.clone().unwrap_or(Ok(())).map_err(io::Error::other),
            Err(_) => Ok(()),
        }
    }

    /// Stops: long polls and streams end at once, other requests within 10 seconds; what was committed is on the disk.
    pub async fn stop(mut self) -> Result<(), io::Error> {
        self.app.stopping.cancel();
        let result = self.ended().await;
        for task in self.tasks.drain(..) {
            task.abort();
            // An aborted task is what we want.
            let _ = task.await;
        }
        self.app.store.close().await;
        result
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.app.stopping.cancel();
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}
