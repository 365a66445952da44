//! Debian's docker-registry with a password.

use std::{fs, net::TcpListener, path::Path, process::Stdio, time::Duration};

use reqwest::Client;
use tempfile::TempDir;
use tokio::{io::AsyncWriteExt, process::Command};

use super::{
    process::{Output, Process},
    wait::{PATIENCE, until},
};

/// Who may use it.
pub(crate) const USER: &str = "me";

/// A running registry on a port of its own. Only [`USER`] with its password gets in.
pub(crate) struct Registry {
    /// `127.0.0.1:PORT`, as images name it.
    pub(crate) host: String,
    pub(crate) password: String,
    client: Client,
    _process: Process,
    _place: TempDir,
}

impl Registry {
    /// `None`, and said loudly, where its packages are missing.
    pub(crate) async fn start(password: &str) -> Option<Self> {
        let there = |program: &&str| Path::new("/usr/bin").join(program).exists();
        if let Some(missing) = ["docker-registry", "htpasswd"].iter().find(|program| !there(program)) {
            eprintln!("SKIPPED: no {missing} here; install docker-registry and apache2-utils");
            return None;
        }
        let place = tempfile::Builder::new().prefix("slipway-registry-").tempdir().expect("a temporary folder");
        fs::write(place.path().join("htpasswd"), htpasswd(password).await).expect("the file is written");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|door| door.local_addr()).expect("a free port").port();
        let host = format!("127.0.0.1:{port}");
        let at = place.path().display();
        let config = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {at}/data}}}}\n\
             http: {{addr: \"{host}\"}}\nauth: {{htpasswd: {{realm: test, path: {at}/htpasswd}}}}\n"
        );
        fs::write(place.path().join("config.yml"), config).expect("the file is written");
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(place.path().join("config.yml"));
        let process = Process::start("docker-registry", command, Output::default());
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().expect("a client");
        let registry = Self { host, password: password.to_owned(), client, _process: process, _place: place };
        until("the registry to answer", PATIENCE, async || match registry.ask("").await {
            Ok(_) => Ok(()),
            Err(error) => Err(error.to_string()),
        })
        .await;
        Some(registry)
    }

    async fn ask(&self, path: &str) -> reqwest::Result<String> {
        let request = self.client.get(format!("http://{}/v2/{path}", self.host));
        request.basic_auth(USER, Some(&self.password)).send().await?.text().await
    }

    /// The tags of a repository, as the registry lists them.
    pub(crate) async fn tags(&self, repository: &str) -> String {
        self.ask(&format!("{repository}/tags/list")).await.unwrap_or_else(|error| panic!("{repository}: {error}"))
    }
}

async fn htpasswd(password: &str) -> Vec<u8> {
    let mut made = Command::new("htpasswd")
        .args(["-n", "-i", "-B", "-C", "4", USER])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("htpasswd starts");
    made.stdin.take().expect("a pipe").write_all(password.as_bytes()).await.expect("htpasswd reads");
    made.wait_with_output().await.expect("htpasswd ends").stdout
}
