//! A sample of a step's log.

use slipway_pipelines::{
    state::Status,
    wire::{Usage, UsagePoint},
};
use slipway_web::{
    ansi::Parser,
    time::Span,
    usage::UsageView,
    views::{ImageView, LogLine, LogView},
};

pub(super) fn log() -> LogView {
    let mut text = String::from("\x1b[1m+ cargo test --workspace\x1b[0m\n");
    for name in ["tide-tables v0.3.1", "berths v1.12.0", "harbour-api v0.9.4 (/slipway/src)"] {
        text += &format!("\x1b[32;1m   Compiling\x1b[0m {name}\n");
    }
    text += "\x1b[32;1m    Finished\x1b[0m `test` profile [unoptimized] target(s) in 31.20s\n\nrunning 5 tests\n";
    for test in ["etag::is_stable", "etag::changes_with_the_table", "tide::high_water_is_after_low_water"] {
        text += &format!("test {test} ... \x1b[32mok\x1b[0m\n");
    }
    text += "test cache::answers_304 ... \x1b[31mFAILED\x1b[0m\n\nfailures:\n\n";
    text += "---- cache::answers_304 stdout ----\n\x1b[33mthread 'cache::answers_304' panicked at api/src/cache.rs:88:9:\x1b[0m\n";
    text += "assertion `left == right` failed: a client that has the table gets it again, although nothing in it changed since the last time it asked\n";
    text += "  left: \x1b[38;5;208m200\x1b[0m\n right: \x1b[38;2;90;200;250m304\x1b[0m\n\n";
    text += "\x1b[7m summary \x1b[0m \x1b[41;97m 1 failed \x1b[0m \x1b[42;30m 3 passed \x1b[0m \x1b[2m0 ignored\x1b[0m \x1b[3mitalic\x1b[0m \x1b[4munderlined\x1b[0m\n";
    for row in 0..2 {
        text += "palette ";
        for color in 0..8 {
            text += &format!("\x1b[{}m colour{} \x1b[0m", color + if row == 0 { 30 } else { 90 }, color);
        }
        text += "\n";
    }
    text += "error: test failed, to rerun pass `-p harbour-api --lib`\n<b>not bold</b> <img src=x onerror=alert(1)>\n";
    let (mut parser, mut lines) = (Parser::new(), Vec::new());
    parser.push(&text, &mut lines);
    let count = lines.len() as u64;
    LogView {
        key: "0/3/1".to_owned(),
        job: "test (RUST=1.94)".to_owned(),
        step: "test".to_owned(),
        status: Status::Failure.into(),
        because: "exit code 101".to_owned(),
        took: Some(Span { counting: None, text: "42 s".to_owned() }),
        image: Some(ImageView::new("alpine:3.22", Some("alpine@sha256:0123456789abcdef0123"), "sha256:ef")),
        href: "?x".to_owned(),
        raw: "raw".to_owned(),
        stream: "stream".to_owned(),
        attempt: 2,
        attempts: 2,
        bytes: text.len() as u64,
        lines: (1321..)
            .zip(lines)
            .map(|(number, line)| LogLine { number, line, unfinished: false, trouble: false })
            .collect(),
        lines_before: 1320,
        earlier: Some("?line=1".to_owned()),
        later: None,
        offset: 0,
        next_line: 1321 + count,
        trouble: None,
        total: 1320 + count,
        style: String::new(),
        begin: Some(0),
        now: 0,
        live: false,
        usage: usage(),
        quiet: "The step has not written anything.",
    }
}

/// A compiler, then tests.
fn usage() -> Option<UsageView> {
    let point = |second: u32| UsagePoint {
        at: i64::from(second) * 1000,
        cpu: if second < 25 { 1700 + second * 37 % 300 } else { 400 + second * 53 % 500 },
        memory: u64::from(if second < 25 { 120 + second * 31 } else { 300 + second * 7 % 60 }) * 1_000_000,
    };
    UsageView::new(&Usage { since: 0, points: (1..=42).map(point).collect() }, 0, 42_000)
}
