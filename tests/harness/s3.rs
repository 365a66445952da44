//! An S3 server that keeps everything in memory: moto's, which `tests/setup/s3.sh` installs.

use std::{net::TcpListener, path::PathBuf};

use tokio::process::Command;

use super::{
    process::{Output, Process},
    wait::{PATIENCE, until},
};

/// A running S3 server with a bucket `builds`. It ends with this.
pub(crate) struct S3 {
    pub(crate) endpoint: String,
    client: reqwest::Client,
    _process: Process,
}

impl S3 {
    /// `None`, and a loud word, when it is not installed.
    pub(crate) async fn start() -> Option<Self> {
        let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
        let program = home.join(".cache/slipway-tests/s3/bin/moto_server");
        if !program.exists() {
            eprintln!("SKIPPED: no S3 server for tests: run tests/setup/s3.sh");
            return None;
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(program);
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
        let process = Process::start("moto", command, Output::default());
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let server = Self { endpoint: format!("http://127.0.0.1:{port}"), client, _process: process };
        until("the S3 server to have a bucket", PATIENCE, async || {
            match server.client.put(format!("{}/builds", server.endpoint)).send().await {
                Ok(answer) if answer.status().is_success() => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .await;
        Some(server)
    }

    /// The keys in the bucket.
    pub(crate) async fn keys(&self) -> Vec<String> {
        let list = self.client.get(format!("{}/builds?list-type=2", self.endpoint)).send().await.unwrap();
        let list = list.text().await.unwrap();
        list.split("<Key>")
            .skip(1)
            .filter_map(|rest| rest.split_once("</Key>"))
            .map(|(key, _)| key.to_owned())
            .collect()
    }
}
