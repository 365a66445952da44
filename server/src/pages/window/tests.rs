use bytes::Bytes;
use slipway_pipelines::ids::JobId;
use uuid::Uuid;

use super::*;

async fn log(text: &str) -> (tempfile::TempDir, Logs, LogAddress) {
    let folder = tempfile::tempdir().unwrap();
    let logs = Logs::new(folder.path());
    let address = LogAddress { job: JobId(Uuid::nil()), attempt: 1, step: 0 };
    logs.append(address, 0, Bytes::copy_from_slice(text.as_bytes())).await.unwrap();
    (folder, logs, address)
}

fn numbered(count: usize) -> String {
    (1..=count).map(|line| format!("line {line}\n")).collect()
}

#[tokio::test]
async fn a_short_log_is_shown_whole() {
    let (_folder, logs, address) = log("one\ntwo\nthr").await;
    let window = tail(&logs, address).await.unwrap();
    assert_eq!(
        (window.first, window.start, window.bytes.as_slice(), window.more),
        (1, 0, &b"one\ntwo\nthr"[..], false)
    );
    assert_eq!(window.next(), 3, "the third line has not ended");
}

#[tokio::test]
async fn the_end_of_a_long_log_has_true_numbers() {
    let (_folder, logs, address) = log(&numbered(50_000)).await;
    let window = tail(&logs, address).await.unwrap();
    let text = String::from_utf8(window.bytes.clone()).unwrap();
    assert_eq!(text.lines().count(), LINES);
    assert_eq!(text.lines().next(), Some(format!("line {}", window.first).as_str()));
    assert_eq!(window.next(), 50_001);
}

#[tokio::test]
async fn any_line_can_be_asked_for() {
    let (_folder, logs, address) = log(&numbered(300_000)).await;
    for line in [1, 2, 101, 102, 150_000, 299_999, 300_000] {
        let window = around(&logs, address, line).await.unwrap().unwrap();
        let text = String::from_utf8(window.bytes.clone()).unwrap();
        assert!(window.first <= line && line < window.next(), "{line}");
        assert_eq!(text.lines().next(), Some(format!("line {}", window.first).as_str()), "{line}");
        assert_eq!(window.more, window.next() <= 300_000, "{line}");
    }
    assert_eq!(around(&logs, address, 300_102).await.unwrap(), None);
}

#[tokio::test]
async fn one_endless_line_is_shown_in_part() {
    let (_folder, logs, address) = log(&"x".repeat(600_000)).await;
    let window = tail(&logs, address).await.unwrap();
    assert_eq!((window.first, window.bytes.len() as u64), (1, BYTES));
    let window = around(&logs, address, 1).await.unwrap().unwrap();
    assert_eq!((window.first, window.bytes.len() as u64, window.more), (1, BYTES, true));
}

#[tokio::test]
async fn no_log_is_an_empty_window() {
    let (_folder, logs, mut address) = log("x").await;
    address.step = 7;
    let window = tail(&logs, address).await.unwrap();
    assert_eq!(window, Window { first: 1, start: 0, bytes: Vec::new(), more: false });
}
