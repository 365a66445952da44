//! Logs, raw and live.

use futures_util::StreamExt;
use reqwest::{Method, Response};
use serde_json::Value;
use slipway_pipelines::state::Finish;
use slipway_server::store::model::Again;

use crate::setup::{TOKEN, World};

/// Text and id of each event, up to `end` or until `enough` says so. Whether `end` came.
async fn events(answer: Response, mut enough: impl FnMut(&str) -> bool) -> (String, u64, bool) {
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    assert_eq!(answer.headers()["x-accel-buffering"], "no");
    let (mut stream, mut rest, mut text, mut last) = (answer.bytes_stream(), Vec::new(), String::new(), 0);
    while !enough(&text) {
        let Some(bytes) = stream.next().await else { return (text, last, false) };
        rest.extend_from_slice(&bytes.unwrap());
        while let Some(end) = rest.windows(2).position(|pair| pair == b"\n\n") {
            let event: Vec<u8> = rest.drain(..end + 2).collect();
            let event = String::from_utf8(event).unwrap();
            if event.contains("event: end") {
                return (text, last, true);
            }
            for line in event.lines() {
                if let Some(data) = line.strip_prefix("data: ") {
                    text += &serde_json::from_str::<String>(data).unwrap();
                } else if let Some(id) = line.strip_prefix("id: ") {
                    last = id.parse().unwrap();
                }
            }
        }
    }
    (text, last, false)
}

#[tokio::test]
async fn a_lost_connection_goes_on_without_a_doubled_or_missing_byte() {
    let world = World::start().await;
    let repository = world.repository("me/thing").await;
    world.build(&repository, "x", &["a"]).await;
    let runner = world.runner().await;
    let claim = runner.take().await;
    runner.started(claim, 0).await;
    let path = "/api/v1/repos/me/thing/builds/1/jobs/0/steps/a/log/stream";
    let whole = "first line\nüñí 漢字 🚢 is cut anywhere\n\x1b[31mthird\x1b[0m\r\nlast without an end".as_bytes();

    // Cuts inside of characters.
    let cuts = [0, 5, 12, 14, 21, 27, 30, whole.len()];
    let mut from = 0;
    let mut seen = String::new();
    for (round, pair) in cuts.windows(2).enumerate() {
        runner.log(claim, 0, pair[0], &whole[pair[0]..pair[1]]).await;
        // Every other time it comes back by address, as a page that was reloaded.
        let request = match round % 2 {
            0 => world.bare(Method::GET, &format!("{path}?offset=0")).header("Last-Event-ID", from.to_string()),
            _ => world.bare(Method::GET, &format!("{path}?offset={from}")),
        };
        let request = request.bearer_auth(TOKEN);
        let readable = String::from_utf8_lossy(&whole[..pair[1]]).trim_end_matches('\u{fffd}').len();
        if readable > seen.len() {
            let wanted = readable - seen.len();
            let (text, last, _) = events(request.send().await.unwrap(), |text| text.len() >= wanted).await;
            seen += &text;
            from = last;
            assert_eq!(from, seen.len() as u64, "the id is the offset after the text");
        }
    }
    assert_eq!(seen.as_bytes(), whole);

    let request = world.bare(Method::GET, &format!("{path}?offset={from}")).bearer_auth(TOKEN);
    let live = tokio::spawn(async move { events(request.send().await.unwrap(), |_| false).await });
    runner.log(claim, 0, whole.len(), b"!\n").await;
    runner.ended(claim, 0, Finish::exit(0), whole.len() as u64 + 2).await;
    runner.finished(claim, Finish::exit(0)).await;
    assert_eq!(live.await.unwrap(), ("!\n".to_owned(), whole.len() as u64 + 2, true));
    let (after, _, over) = events(world.get(path).await, |_| false).await;
    assert_eq!((after.as_bytes(), over), ([whole, b"!\n"].concat().as_slice(), true), "a viewer after the end");
    let refused =
        world.bare(Method::GET, path).bearer_auth(TOKEN).header("Last-Event-ID", "soon").send().await.unwrap();
    assert_eq!(refused.status(), 400);
}

#[tokio::test]
async fn the_raw_log_is_bytes_with_ranges_and_old_attempts() {
    let world = World::start().await;
    let repository = world.repository("me/thing").await;
    let build = world.build(&repository, "x", &["a"]).await;
    let runner = world.runner().await;
    let claim = runner.take().await;
    runner.started(claim, 0).await;
    let mut log = b"\xff\xfe not text \x00 ".to_vec();
    log.extend((0..1_000_000u32).map(|n| (n % 251) as u8));
    runner.log(claim, 0, 0, &log).await;
    runner.ended(claim, 0, Finish::exit(1), log.len() as u64).await;
    runner.finished(claim, Finish::exit(1)).await;

    let path = "/api/v1/repos/me/thing/builds/1/jobs/te%2Fst/steps/a/log";
    let answer = world.get(path).await;
    assert_eq!(answer.headers()["content-type"], "text/plain; charset=utf-8");
    assert_eq!(answer.bytes().await.unwrap(), log);
    let size = log.len();
    for (range, status, content, bytes) in [
        ("bytes=10-19", 206, format!("bytes 10-19/{size}"), &log[10..20]),
        ("bytes=-5", 206, format!("bytes {}-{}/{size}", size - 5, size - 1), &log[size - 5..]),
        ("bytes=999990-", 206, format!("bytes 999990-{}/{size}", size - 1), &log[999_990..]),
        ("bytes=9999999-", 416, format!("bytes */{size}"), &[]),
    ] {
        let answer = world.bare(Method::GET, path).bearer_auth(TOKEN).header("Range", range).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), &answer.headers()["content-range"]), (status, &content.parse().unwrap()));
        assert_eq!(answer.bytes().await.unwrap(), bytes, "{range}");
    }
    world.server.app().retry_build(build.id, Again::Needed, "me").await.unwrap();
    assert_eq!(world.get(path).await.bytes().await.unwrap().len(), 0, "the new attempt has written nothing");
    assert_eq!(world.get(&format!("{path}?attempt=1")).await.bytes().await.unwrap(), log);
    assert_eq!(world.get(&format!("{path}?attempt=7")).await.status(), 404);
}

#[tokio::test]
async fn the_state_of_a_build_is_told_at_every_change_until_its_end() {
    let world = World::start().await;
    let repository = world.repository("me/thing").await;
    world.build(&repository, "x", &["a"]).await;
    let mut stream = world.get("/api/v1/repos/me/thing/builds/1/stream").await.bytes_stream();
    let mut text = String::new();
    let mut until = async |wanted: &str| {
        while !text.contains(wanted) {
            let bytes = stream.next().await.unwrap_or_else(|| panic!("no `{wanted}` in {text}")).unwrap();
            text += std::str::from_utf8(&bytes).unwrap();
        }
        text.clone()
    };
    until("\"status\":\"pending\"").await;
    let runner = world.runner().await;
    let claim = runner.take().await;
    runner.started(claim, 0).await;
    until("\"status\":\"running\"").await;
    runner.ended(claim, 0, Finish::exit(0), 0).await;
    runner.finished(claim, Finish::exit(0)).await;
    let text = until("event: end").await;
    let last = text.lines().rfind(|line| line.starts_with("data: {\"number\"")).unwrap();
    let last: Value = serde_json::from_str(&last[6..]).unwrap();
    assert_eq!(last["status"], "success");
}
