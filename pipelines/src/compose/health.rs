//! `healthcheck` of a service, as what is waited for before others start.

use super::{choose::Until, duration::millis, keys, service::Service};
use crate::{
    plan::{Ready, ReadyCheck},
    yaml::{Node, Value},
};

/// Shortest wait for a service, in seconds: a busy runner is slower than a desk.
const LEAST: u64 = 60;
/// What compose files have when they say nothing, in milliseconds.
const INTERVAL: u64 = 30_000;
const TIMEOUT: u64 = 30_000;
const RETRIES: u32 = 3;

impl Service<'_, '_> {
    /// What tells that the service is ready: its `healthcheck`, or the image's where another service waits for that.
    pub(super) fn ready(&mut self, service: &Node) -> Option<Ready> {
        let is_awaited = self.file.choice.is_awaited(self.name, Until::Healthy);
        let of_image = Ready { check: ReadyCheck::Health, timeout_seconds: LEAST };
        let Some(node) = service.given("healthcheck") else { return is_awaited.then_some(of_image) };
        if !keys::check(node, &keys::HEALTH, &format!("`healthcheck` of {}", self.what()), self.reader.report) {
            return None;
        }
        let is_disabled = node.given("disable").and_then(|node| self.reader.flag(node, "disable")).unwrap_or(false);
        let test = node.given("test").filter(|_| !is_disabled).map(|node| (self.test(node), node));
        let program = match test {
            Some((Test::Wrong, _)) => return None,
            Some((Test::None, _)) => None,
            None if is_disabled => None,
            // Other times for the image's own check, which is asked at our pace anyway.
            None => return Some(of_image),
            Some((Test::Program(program), _)) => Some(program),
        };
        let Some(program) = program else {
            if is_awaited {
                let at = service.key_span("healthcheck").unwrap_or(node.span);
                self.error(
                    at,
                    format!("a service waits until {} is healthy, and nothing says when it is", self.what()),
                )
                .help("write a `test`, or `condition: service_started` there");
            }
            return None;
        };
        let interval = self.time(node, "interval").unwrap_or(INTERVAL);
        let timeout = self.time(node, "timeout").unwrap_or(TIMEOUT);
        let start = self.time(node, "start_period").unwrap_or(0);
        let retries = node.given("retries").and_then(|node| self.reader.whole(node, "retries", 1, 10_000));
        let longest = start + u64::from(retries.unwrap_or(RETRIES)) * (interval + timeout);
        Some(Ready {
            check: ReadyCheck::Program { program, timeout_seconds: Some(timeout.div_ceil(1000).max(1)) },
            timeout_seconds: longest.div_ceil(1000).max(LEAST),
        })
    }

    fn test(&mut self, node: &Node) -> Test {
        let shell = |text: String| Test::Program(vec!["/bin/sh".to_owned(), "-c".to_owned(), text]);
        match &node.value {
            Value::Scalar(scalar) => self.program_text(&scalar.text, node).map_or(Test::Wrong, shell),
            Value::List(_) => {
                let Some(mut words) = self.words(node, "test") else { return Test::Wrong };
                let kind = if words.is_empty() { String::new() } else { words.remove(0) };
                match (kind.as_str(), words.len()) {
                    ("NONE", _) => Test::None,
                    ("CMD", 1..) => Test::Program(words),
                    ("CMD-SHELL", 1..) => shell(words.join(" ")),
                    _ => {
                        self.error(node.span, "a `test` begins with `CMD`, `CMD-SHELL` or `NONE`")
                            .help("write `[CMD, program, argument]`, or `[CMD-SHELL, \"line for a shell\"]`");
                        Test::Wrong
                    }
                }
            }
            Value::Map(_) => {
                self.reader.wrong(node, "test", "text or a list of texts");
                Test::Wrong
            }
        }
    }

    /// Milliseconds.
    fn time(&mut self, node: &Node, key: &str) -> Option<u64> {
        let node = node.given(key)?;
        let text = self.reader.raw_text(node, key)?;
        let text = self.interpolate(&text.value, text.span)?.text;
        let found = millis(&text);
        if found.is_none() {
            let shown: String = text.chars().take(40).collect();
            self.error(node.span, format!("`{key}` takes a duration, this is `{shown}`"))
                .help("write `30s` or `1m30s`");
        }
        found
    }
}

enum Test {
    Program(Vec<String>),
    None,
    /// Which was said.
    Wrong,
}
