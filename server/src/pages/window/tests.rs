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

fn text(window: &Window) -> String {
    String::from_utf8(window.lines.bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn a_short_log_is_shown_whole() {
    let (_folder, logs, address) = log("one\ntwo\n\x1b[1mthr").await;
    let window = read(&logs, address, Show::End).await.unwrap();
    assert_eq!((window.lines.first, window.lines.count, window.more), (1, 3, false));
    assert_eq!(text(&window), "one\ntwo\n\x1b[1mthr");
    assert_eq!((window.offset, window.style), (8, Style::default()), "where the third line begins");
}

#[tokio::test]
async fn the_end_of_a_long_log_has_true_numbers() {
    let (_folder, logs, address) = log(&numbered(50_000)).await;
    let window = read(&logs, address, Show::End).await.unwrap();
    assert_eq!(window.lines.count, LINES);
    assert_eq!(text(&window).lines().next(), Some(format!("line {}", window.lines.first).as_str()));
    assert_eq!((window.lines.next(), window.more), (50_001, false));
}

#[tokio::test]
async fn any_line_can_be_asked_for() {
    let (_folder, logs, address) = log(&numbered(30_000)).await;
    for line in [1, 2, 101, 102, 15_000, 29_999, 30_000] {
        let window = read(&logs, address, Show::Line(line)).await.unwrap();
        let first = window.lines.first;
        assert!(first <= line && line < window.lines.next(), "{line}");
        assert_eq!(text(&window).lines().next(), Some(format!("line {first}").as_str()), "{line}");
        assert_eq!(window.more, window.lines.next() <= 30_000, "{line}");
    }
    let window = read(&logs, address, Show::Line(30_001)).await.unwrap();
    assert_eq!(window.lines.next(), 30_001, "the end, where there is no such line");
}

#[tokio::test]
async fn a_failed_step_is_shown_where_it_went_wrong() {
    let noise = "error: long ago\n".to_owned() + &numbered(5_000);
    let (_folder, logs, address) = log(&(noise + "error: the light is out\nnote: it is dark\n" + &numbered(900))).await;
    let window = read(&logs, address, Show::Trouble(None)).await.unwrap();
    assert_eq!(window.trouble, Some(5_002));
    assert!(text(&window).contains("the light is out") && window.more);
    let (_folder, logs, address) = log(&numbered(900)).await;
    let window = read(&logs, address, Show::Trouble(None)).await.unwrap();
    assert_eq!((window.trouble, window.lines.next()), (None, 901), "else its end");
}

#[tokio::test]
async fn one_endless_line_is_shown_in_part() {
    let (_folder, logs, address) = log(&"x".repeat(600_000)).await;
    for show in [Show::End, Show::Line(1)] {
        let window = read(&logs, address, show).await.unwrap();
        assert_eq!((window.lines.first, window.lines.count, window.lines.bytes.len() as u64), (1, 1, BYTES));
        assert!(window.lines.cut && !window.more);
    }
}

#[tokio::test]
async fn no_log_is_an_empty_window() {
    let (_folder, logs, mut address) = log("x").await;
    address.step = 7;
    let window = read(&logs, address, Show::End).await.unwrap();
    assert_eq!((window.lines.first, window.lines.count, window.more), (1, 0, false));
}
