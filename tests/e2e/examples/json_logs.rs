//! Structured logs: a service's lines reach the build's log as they are.

use serde_json::{Value, json};

use super::{copy, log, push};
use crate::harness::{
    image::debian,
    server::{Kind, Setup},
};

#[tokio::test]
async fn the_lines_of_a_service_are_in_the_log_unchanged() {
    if !debian(&["python"]).await {
        return;
    }
    let server = Setup::new(Kind::Docker).start().await;
    let repo = copy("json-logs").await;
    let (pushed, build) = push(&server, &repo, "json-logs", 1).await;
    assert_eq!(build.status, "success", "{build:?}\n{}", pushed.terminal);
    let said = log(&server, "json-logs", &build, "tides").await;
    let lines: Vec<Value> =
        said.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect();
    let seen = |line: &Value| json!([line["level"], line["message"], line["path"], line["status"]]);
    assert_eq!(
        lines.iter().map(seen).collect::<Vec<_>>(),
        [
            json!(["info", "listening", null, null]),
            json!(["info", "request", "/high", 200]),
            json!(["info", "request", "/low", 200]),
            json!(["warning", "request", "/neap?\"tide\"", 404]),
        ],
        "{said}"
    );
    assert_eq!(lines[0]["motto"], "Zeit & Gezeiten ≈ „tides“\twait for \\no one\\ \u{1b}[1m");
    // Not only the same value: the same bytes, with the writer's own escapes.
    assert!(said.contains(r#""motto": "Zeit & Gezeiten ≈ „tides“\twait for \\no one\\ \u001b[1m"}"#), "{said}");
    // Whoever pushed has seen the same line.
    let first = said.lines().next().unwrap();
    assert!(pushed.terminal.contains(first), "{first}\n{}", pushed.terminal);
    server.finish().await;
}
