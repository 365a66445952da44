//! `retry:` and `if:`, on workflows and steps.

use super::{
    condition::When,
    keys,
    reader::{Reader, first_line},
};
use crate::{
    plan::{Retry, RetryOn, RunsOn},
    yaml::{Node, Value},
};

/// Most tries after the first.
const MOST: u32 = 10;
/// Longest pause, in seconds.
const MOST_DELAY: u64 = 3600;

impl Reader<'_> {
    /// A number, or `{max, on, delay}`.
    pub(crate) fn retry(&mut self, node: &Node, of_step: bool) -> Option<Retry> {
        let mut retry = Retry { max: 1, on: vec![RetryOn::Failure, RetryOn::Error], delay_seconds: 0 };
        if !matches!(node.value, Value::Map(_)) {
            retry.max = self.whole(node, "retry", 1, MOST)?;
            return Some(retry);
        }
        self.section(node, "`retry`", &keys::RETRY)?;
        if !of_step {
            retry.on = vec![RetryOn::Error, RetryOn::Lost];
        }
        match node.given("max") {
            Some(max) => retry.max = self.whole(max, "max", 1, MOST)?,
            None => {
                self.error(first_line(node.span), "`retry` takes `max`, how often it is tried again")
                    .help("add `max: 2`");
            }
        }
        if let Some(on) = node.given("on") {
            retry.on.clear();
            for text in self.texts(on, "on") {
                match text.value.parse::<RetryOn>() {
                    Ok(RetryOn::Lost) if of_step => {
                        self.error(text.span, "a step cannot be tried again on `lost`: its runner is gone")
                            .help("write `retry: {max: …, on: [lost]}` on the workflow");
                    }
                    Ok(on) if retry.on.contains(&on) => {}
                    Ok(on) => retry.on.push(on),
                    Err(error) => {
                        self.error(text.span, error.to_string()).help("a list takes several: `on: [error, exit:75]`");
                    }
                }
            }
            if let Value::List(items) = &on.value
                && items.is_empty()
            {
                self.error(on.span, "`on` is empty, so nothing is tried again").help("remove `retry`, or name an end");
            }
        }
        if let Some(delay) = node.given("delay") {
            let text = self.text(delay, "delay")?;
            if text.value != "0s" {
                retry.delay_seconds = self.duration(delay, "delay")?;
            }
            if retry.delay_seconds > MOST_DELAY {
                self.error(delay.span, "`delay` takes at most an hour");
            }
        }
        Some(retry)
    }

    /// `always`, `success` or `failure`: short for `when.status`.
    pub(crate) fn outcome(&mut self, node: &Node) -> Option<RunsOn> {
        let text = self.text(node, "if")?;
        match text.value.as_str() {
            "always" => Some(RunsOn { success: true, failure: true }),
            "success" => Some(RunsOn { success: true, failure: false }),
            "failure" => Some(RunsOn { success: false, failure: true }),
            other => {
                let shown: String = other.chars().take(40).collect();
                self.error(text.span, format!("`{shown}` is no value of `if`")).help(
                    "write `always`, `success` or `failure`; conditions are `when`, such as `when: {evaluate: 'CI_COMMIT_BRANCH == \"main\"'}`",
                );
                None
            }
        }
    }

    /// A `when` with the `if` beside it.
    pub(crate) fn when_and_if(&mut self, section: &Node) -> When {
        let mut when = section.given("when").map(|node| self.when(node)).unwrap_or_default();
        let Some(node) = section.given("if") else { return when };
        let Some(outcome) = self.outcome(node) else { return when };
        if when.conditions.iter().any(|condition| condition.status.is_some()) {
            let at = section.key_span("if").unwrap_or(node.span);
            self.error(at, "`if` and the `status` of `when` say the same")
                .help("keep one: `if: failure` is short for `when: {status: failure}`");
        }
        when.set_status(outcome);
        when
    }
}
