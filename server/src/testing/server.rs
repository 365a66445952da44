//! A server in this process.

use std::{net::SocketAddr, path::Path, time::Duration};

use reqwest::{Client, Response};
use slipway_pipelines::repository::RepositoryName;
use tempfile::TempDir;

use crate::{
    Config, Running,
    app::App,
    store::model::{BuildDetail, Repository},
};

/// The administrator's token of test servers.
pub(crate) const ADMIN: &str = "slp_test_admin_0123456789";
/// The runners' token of test servers.
pub(crate) const RUNNER: &str = "slp_test_runner_0123456789";

/// A server with a data folder of its own.
pub(crate) struct Server {
    running: Option<Running>,
    pub(crate) folder: TempDir,
    pub(crate) client: Client,
}

impl Server {
    pub(crate) async fn start() -> Self {
        // A second call says that there is one already.
        let folder = tempfile::tempdir().unwrap();
        let running = crate::start(config(folder.path())).await.unwrap();
        Self { running: Some(running), folder, client: Client::new() }
    }

    /// Stops it and starts it again on the same data.
    pub(crate) async fn restart(&mut self) {
        self.running.take().unwrap().stop().await.unwrap();
        self.running = Some(crate::start(config(self.folder.path())).await.unwrap());
    }

    fn running(&self) -> &Running {
        self.running.as_ref().unwrap()
    }

    pub(crate) fn app(&self) -> &App {
        self.running().app()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.running().addr)
    }

    /// The address of a git remote with a token in it.
    pub(crate) fn remote(&self, user: &str, token: &str, path: &str) -> String {
        format!("http://{user}:{token}@{}/git/{path}", self.running().addr)
    }

    pub(crate) async fn repository(&self, name: &str) -> Option<Repository> {
        self.app().store.repository(&name.parse::<RepositoryName>().unwrap()).await.unwrap()
    }

    /// Numbers of the repository's builds, newest first.
    pub(crate) async fn builds(&self, name: &str) -> Vec<u64> {
        let Some(repository) = self.repository(name).await else { return Vec::new() };
        let builds = self.app().store.builds(repository.id, None, 100).await.unwrap();
        builds.into_iter().map(|build| build.number).collect()
    }

    pub(crate) async fn build(&self, name: &str, number: u64) -> BuildDetail {
        let repository = self.repository(name).await.unwrap();
        self.app().store.build(repository.id, number).await.unwrap().unwrap()
    }

    pub(crate) async fn post(
        &self,
        path: &str,
        headers: &[(&str, String)],
        body: impl Into<reqwest::Body>,
    ) -> Response {
        let mut request = self.client.post(self.url(path)).body(body);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        request.send().await.unwrap()
    }
}

fn config(folder: &Path) -> Config {
    let mut config = Config::new(folder.join("data"), SocketAddr::from(([127, 0, 0, 1], 0)));
    config.admin_token = Some(ADMIN.to_owned().into());
    config.runner_token = Some(RUNNER.to_owned().into());
    config
}

/// Waits until something is there.
pub(crate) async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    let end = tokio::time::Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(tokio::time::Instant::now() < end, "waited for too long: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
