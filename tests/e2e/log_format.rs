//! `--log-format json`: what server and runner say on standard error is fit for a collector, line by line.

use std::time::Duration;

use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tokio::process::Command;

use crate::harness::{
    git::Repo,
    process::{Output, Process, Stream},
    runner::Runner,
    server::{Kind, Setup, binary, clean_environment},
};

/// Each line as JSON; panics with the first that is not what a collector takes.
fn parsed(output: &Output) -> Vec<Value> {
    let check = |line: String| {
        let json: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let text = |field: &str| json[field].as_str().unwrap_or_else(|| panic!("no `{field}`: {line}"));
        OffsetDateTime::parse(text("timestamp"), &Rfc3339).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(["ERROR", "WARN", "INFO", "DEBUG", "TRACE"].contains(&text("level")), "{line}");
        assert!(!text("message").is_empty() && text("target").starts_with(char::is_alphabetic), "{line}");
        json
    };
    output.of(Stream::Error).into_iter().map(check).collect()
}

const PIPELINE: &str = "services:
  - {name: s, image: slipway/busybox, commands: [echo up, sleep 60]}
steps:
  - {name: good, image: slipway/busybox, commands: [echo fine]}
  - {name: gone, image: 'slipway-test/no-such:1', pull: false, commands: [echo never], failure: ignore}
  - {name: bad, image: slipway/busybox, commands: [exit 3]}
";

#[tokio::test]
async fn every_line_of_a_whole_run_is_json() {
    let setup = Setup::new(Kind::ServerOnly).env("SLIPWAY_LOG_FORMAT", "json").env("SLIPWAY_LOG", "debug");
    let server = setup.start().await;
    let log = [("SLIPWAY_LOG_FORMAT", "json"), ("SLIPWAY_LOG", "debug")];
    let runner = Runner::start_with(&server, "collected", 1, &log).await;
    let repo = Repo::with_pipeline(PIPELINE).await;
    repo.push_main(&server.remote("me/collected")).await;
    server.api.wait_end("me/collected", 1).await.assert_ended("failure", "exit_code");

    let outputs = [server.output.clone(), runner.output.clone()];
    let url = server.api.url.clone();
    runner.finish().await;
    server.finish().await;
    let [server, runner] = &outputs;
    // What people are to read is on the other stream, and nothing else is.
    let printed = server.of(Stream::Standard);
    assert_eq!(printed[0], format!("Slipway is up: {url}"));
    assert!(printed[1].starts_with("Log in (once): ") && printed.len() <= 3, "{printed:?}");
    assert_eq!(runner.of(Stream::Standard), [""; 0]);
    for output in &outputs {
        let lines = parsed(output);
        assert!(lines.iter().any(|line| line["level"] == "INFO"), "{lines:?}");
    }
}

#[tokio::test]
async fn the_last_word_of_one_that_cannot_start_is_json_too() {
    // The filter lets nothing through, or can't be read at all.
    for log in ["off", "info,slipway=what"] {
        let mut command = Command::new(binary());
        clean_environment(&mut command);
        command.args(["server", "--data", "/dev/null/data", "--log-format", "json", "--log", log]);
        let mut process = Process::start("slipway server", command, Output::default());
        assert_eq!(process.ended(Duration::from_secs(30)).await.code(), Some(3), "{}", process.output.text());
        let lines = parsed(&process.output);
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert_eq!(lines[0]["level"], "ERROR");
    }
}
