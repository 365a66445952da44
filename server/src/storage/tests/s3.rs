//! An S3 server: moto's, which `tests/setup/s3.sh` installs.

use std::{
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use super::promises;
use crate::storage::{Location, Storage, StorageError};

/// The server; dropped, it is gone.
struct S3 {
    child: Child,
    endpoint: String,
}

impl S3 {
    /// `None`, and a loud word, when it is not installed.
    async fn start() -> Option<Self> {
        let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
        let program = home.join(".cache/slipway-tests/s3/bin/moto_server");
        if !program.exists() {
            eprintln!("SKIPPED: no S3 server for tests: run tests/setup/s3.sh");
            return None;
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new(program)
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { child, endpoint: format!("http://127.0.0.1:{port}") };
        let client = reqwest::Client::new();
        let bucket = || client.put(format!("{}/builds", server.endpoint)).send();
        tokio::time::timeout(Duration::from_secs(60), async {
            while !bucket().await.is_ok_and(|answer| answer.status().is_success()) {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        })
        .await
        .unwrap();
        Some(server)
    }

    fn location(&self, place: &str) -> Location {
        format!("s3://{place}?endpoint={}&region=us-east-1", self.endpoint).parse().unwrap()
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn an_s3_server_keeps_what_storages_promise() {
    let Some(server) = S3::start().await else { return };
    let open = |place| Storage::open_with_keys(server.location(place), "id", "hunter2").unwrap();
    let storage = open("builds/slipway/a");
    promises::keep(&storage).await;
    // Beside it in the same bucket nothing is seen, and nothing of uploads that failed stays.
    open("builds/slipway/b").check().await.unwrap();
    assert!(open("builds/slipway/b").size("replaced").await.unwrap().is_none());
    let uploads = || async {
        let answer = reqwest::get(format!("{}/builds?uploads", server.endpoint)).await.unwrap();
        answer.text().await.unwrap()
    };
    tokio::time::timeout(Duration::from_secs(20), async {
        while uploads().await.contains("<Upload>") {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
    .unwrap();
    let gone = open("nowhere").check().await.unwrap_err();
    assert!(gone.is_lasting(), "{gone}");
}

#[tokio::test]
async fn a_bucket_that_does_not_answer_is_not_available_and_says_no_password() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let location = format!("s3://ci?endpoint=http://127.0.0.1:{port}").parse().unwrap();
    let storage = Storage::open_with_keys(location, "id", "hunter2").unwrap();
    let error = storage.put_bytes("a", "b".into()).await.unwrap_err();
    assert!(matches!(error, StorageError::Unavailable(_)) && !error.is_lasting(), "{error}");
    assert!(!format!("{error} {error:?} {storage:?}").contains("hunter2"));
}
