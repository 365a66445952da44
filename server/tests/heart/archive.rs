//! Logs move into the storage without a byte lost, wherever the server is killed.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use bytes::Bytes;
use slipway_pipelines::ids::BuildId;
use slipway_server::{
    logs::{LogAddress, Logs, Moved, move_finished, move_one, remove_old},
    storage::Storage,
    store::Store,
};
use tempfile::TempDir;

use crate::support::{build, detail, granted, job, open, repository, soon};

/// A store, a storage and logs, as after a start.
struct Server {
    store: Store,
    storage: Storage,
    logs: Logs,
}

impl Server {
    async fn start(folder: &TempDir) -> Self {
        let store = open(folder).await;
        let storage = Storage::open(slipway_server::storage::Location::Folder(folder.path().join("objects"))).unwrap();
        let logs = Logs::new(folder.path().join("logs"));
        logs.archive_in(storage.clone(), store.log_index());
        Self { store, storage, logs }
    }

    /// What `kill -9` leaves: all that was written, and nothing of what was in memory.
    async fn killed(self, folder: &TempDir) -> Self {
        self.store.close().await;
        Self::start(folder).await
    }

    /// A job that ended, with this log of its only step.
    async fn log(&self, text: &[u8]) -> LogAddress {
        let (address, build) = self.running(text).await;
        self.end(build).await;
        address
    }

    async fn end(&self, build: BuildId) {
        self.store.cancel_build(build, "me").await.unwrap();
        // Nobody runs it: its lease ends.
        self.store.expire(i64::MAX).await.unwrap();
    }

    /// The same of a job that goes on.
    async fn running(&self, text: &[u8]) -> (LogAddress, BuildId) {
        let name = format!("me/r{}", uuid::Uuid::now_v7().simple());
        let repository = repository(&self.store, &name).await;
        let build = build(&self.store, &repository, vec![job("a", 1, &[])]).await;
        let job = detail(&self.store, build).await.jobs[0].id;
        granted(&self.store, job, 1).await;
        let address = LogAddress { job, attempt: 1, step: 0 };
        for (at, piece) in text.chunks(1 << 20).enumerate() {
            self.logs.append(address, (at << 20) as u64, Bytes::copy_from_slice(piece)).await.unwrap();
        }
        self.logs.close(address);
        (address, build.id)
    }

    async fn assert_reads(&self, address: LogAddress, text: &[u8]) {
        let length = text.len() as u64;
        assert_eq!(self.logs.length(address).await.unwrap(), length);
        for range in [0..length, 0..1, 262_143..262_145, 100..300_000, length - 1..length + 9, length..length + 9] {
            let want = &text[text.len().min(range.start as usize)..text.len().min(range.end as usize)];
            assert!(self.logs.read(address, range.clone()).await.unwrap() == want, "{range:?}");
        }
        for from in [0, 300_000, length] {
            let mut tail = self.logs.tail_finished(address, from).await.unwrap();
            let mut seen = Vec::new();
            while let Some((offset, bytes)) = soon("the next piece", tail.next()).await {
                assert_eq!(offset, from + seen.len() as u64);
                seen.extend_from_slice(&bytes);
            }
            assert!(seen == text[from as usize..], "a viewer from {from}");
        }
    }
}

/// What compilers and tests write: the same words again and again, and figures that differ.
fn text() -> Vec<u8> {
    let mut text = Vec::new();
    let mut seed = 42_u64;
    while text.len() < 700_000 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (word, figure) = (seed >> 33 & 7, seed >> 40 & 0xFFF);
        let name = ["serde", "tokio", "axum", "sqlx", "askama", "tracing", "hyper", "bytes"][word as usize];
        text.extend_from_slice(
            format!(
                "\x1b[32m   Compiling\x1b[0m {name} v1.{}.{} (/slipway/src/crates/{name})\n",
                figure % 40,
                figure % 10
            )
            .as_bytes(),
        );
        text.extend_from_slice(format!("test {name}::tests::it_works ... ok ({figure} ms)\n").as_bytes());
    }
    text
}

fn file(folder: &TempDir, address: LogAddress) -> PathBuf {
    folder.path().join("logs").join(format!("{address}.log"))
}

fn object(folder: &TempDir, address: LogAddress) -> PathBuf {
    folder.path().join("objects/logs").join(format!("{address}.zst"))
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).unwrap().next().is_none()
}

#[tokio::test]
async fn a_log_is_the_same_wherever_the_move_is_cut_off() {
    let text = text();
    for cut in [None, Some(Moved::Put), Some(Moved::Noted), Some(Moved::Whole)] {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(&folder).await;
        let address = server.log(&text).await;
        if let Some(how_far) = cut {
            move_one(&server.logs, &server.store, address, how_far).await.unwrap();
        }
        server.assert_reads(address, &text).await;
        let server = server.killed(&folder).await;
        assert_eq!(file(&folder, address).exists(), cut != Some(Moved::Whole));
        server.assert_reads(address, &text).await;
        // The next server goes on.
        move_finished(&server.logs, &server.store).await.unwrap();
        assert!(is_empty(&folder.path().join("logs")), "no file or folder is left");
        server.assert_reads(address, &text).await;
        let server = server.killed(&folder).await;
        server.assert_reads(address, &text).await;
        let stored = std::fs::metadata(object(&folder, address)).unwrap().len();
        assert!(stored * 10 <= text.len() as u64, "{} bytes take {stored}", text.len());
        server.store.close().await;
    }
}

#[tokio::test]
async fn what_a_killed_server_left_of_an_object_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder).await;
    let address = server.log(b"the whole log\n").await;
    server.storage.put_bytes(&format!("logs/{address}.zst"), Bytes::from_static(b"of another try")).await.unwrap();
    assert_eq!(server.logs.read(address, 0..99).await.unwrap(), "the whole log\n", "the file wins");
    move_finished(&server.logs, &server.store).await.unwrap();
    assert!(!file(&folder, address).exists());
    assert_eq!(server.logs.read(address, 0..99).await.unwrap(), "the whole log\n");
}

#[tokio::test]
async fn plain_zstd_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder).await;
    let text = text();
    let address = server.log(&text).await;
    move_finished(&server.logs, &server.store).await.unwrap();
    let Ok(output) = Command::new("zstd").arg("-dc").arg(object(&folder, address)).output() else {
        eprintln!("SKIPPED: no zstd here: tests/setup/packages.sh zstd");
        return;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout == text);
}

#[tokio::test]
async fn a_log_that_is_written_stays_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder).await;
    let (address, _) = server.running(b"so far\n").await;
    move_finished(&server.logs, &server.store).await.unwrap();
    assert!(file(&folder, address).exists());
    assert_eq!(server.logs.append(address, 7, Bytes::from_static(b"and more\n")).await.unwrap(), 16);
}

#[tokio::test]
async fn an_append_that_was_let_in_is_in_the_storage() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder).await;
    let (address, build) = server.running(b"one\n").await;
    let (entered, inside) = std::sync::mpsc::channel();
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let logs = server.logs.clone();
    let late = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(logs.append_if(address, 4, Bytes::from_static(b"two\n"), move || {
            entered.send(()).unwrap();
            wait.recv().unwrap();
            true
        }))
    });
    tokio::task::spawn_blocking(move || inside.recv().unwrap()).await.unwrap();
    // The lease ends while the append is on its way.
    server.end(build).await;
    let moving = {
        let (logs, store) = (server.logs.clone(), server.store.clone());
        tokio::spawn(async move { move_finished(&logs, &store).await })
    };
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    assert!(!moving.is_finished(), "it waits for the append");
    go.send(()).unwrap();
    assert_eq!(late.await.unwrap().unwrap(), 8);
    soon("the move", moving).await.unwrap().unwrap();
    assert!(!file(&folder, address).exists());
    assert_eq!(server.logs.read(address, 0..99).await.unwrap(), "one\ntwo\n");
}

#[tokio::test]
async fn old_logs_are_removed_and_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder).await;
    let address = server.log(b"old\n").await;
    move_finished(&server.logs, &server.store).await.unwrap();
    remove_old(&server.logs, &server.store, 1_000_000).await.unwrap();
    assert_eq!(server.logs.read(address, 0..99).await.unwrap(), "old\n", "not that old");
    remove_old(&server.logs, &server.store, i64::MAX).await.unwrap();
    assert!(!object(&folder, address).exists());
    let error = server.logs.length(address).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
    assert!(server.logs.tail_finished(address, 0).await.is_err());
}

#[tokio::test]
async fn lines_and_their_times_go_with_a_log_into_the_storage() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder).await;
    let text = text();
    let address = server.log(&text).await;
    let written = server.logs.lines(address).await.unwrap();
    assert_eq!(written.lines(), text.iter().filter(|byte| **byte == b'\n').count() as u64);
    assert!(written.time(300_000).is_some());
    move_finished(&server.logs, &server.store).await.unwrap();
    assert!(is_empty(&folder.path().join("logs")), "the index beside the file is gone, too");
    let server = server.killed(&folder).await;
    assert_eq!(server.logs.lines(address).await.unwrap(), written);
    assert_lines(&server.logs, address, &text).await;

    // What was stored before there were indexes: the text's frames and their table.
    let path = object(&folder, address);
    let stored = std::fs::read(&path).unwrap();
    let find = |magic: u32| stored.windows(4).rposition(|four| four == magic.to_le_bytes()).unwrap();
    let old = [&stored[..find(0x184D_2A5D)], &stored[find(0x184D_2A5E)..]].concat();
    std::fs::write(&path, &old).unwrap();
    server.store.log_archived(address, (text.len() as u64, old.len() as u64), 0, None).await.unwrap();
    let server = server.killed(&folder).await;
    let counted = server.logs.lines(address).await.unwrap();
    assert_eq!((counted.lines(), counted.length()), (written.lines(), written.length()));
    assert_eq!(counted.time(300_000), None, "nobody knows when");
    assert_lines(&server.logs, address, &text).await;
}

async fn assert_lines(logs: &Logs, address: LogAddress, text: &[u8]) {
    let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    for first in [1, 2, 777, lines.len() - 1, lines.len()] {
        let window = logs.window(address, first as u64, 3, 9999).await.unwrap();
        assert!(window.bytes == lines[first - 1..lines.len().min(first + 2)].concat(), "from line {first}");
    }
    assert_eq!(logs.window(address, lines.len() as u64 + 1, 3, 9999).await.unwrap().count, 0);
}

#[tokio::test]
async fn of_a_long_log_it_is_known_which_line_says_what_went_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder).await;
    let noise: String = (0..120_000).map(|line| format!("{line:0>99}\n")).collect();
    let long = server.log(format!("one\nerror: the light is out\n{noise}").as_bytes()).await;
    assert_eq!(server.store.log_trouble(long).await.unwrap(), None, "nobody has looked");
    move_finished(&server.logs, &server.store).await.unwrap();
    assert_eq!(server.store.log_trouble(long).await.unwrap(), Some(Some(2)));
    server.killed(&folder).await;
}
