//! `resources` and `ready`.

use slipway_pipelines::plan::{Ready, ReadyCheck, Resources};

use crate::common::*;

fn service(key: &str) -> String {
    format!("steps: {{a: {{image: x, commands: [y]}}}}\nservices:\n  db: {{image: x,\n      {key}}}\n")
}

#[test]
fn containers_have_limits() {
    let of = |key: &str| container(&job(&with(key)).plan, "a").resources;
    assert_eq!(
        of("resources: {cpus: 1.5, memory: 512MiB, pids: 100}"),
        Resources { cpu_millis: Some(1500), memory_bytes: Some(512 << 20), pids: Some(100) }
    );
    assert_eq!(of("resources: {memory: 1g}"), Resources { memory_bytes: Some(1 << 30), ..Resources::default() });
    assert_eq!(of("resources: {cpus: '0.25'}").cpu_millis, Some(250));
    assert_eq!(container(&job(&service("resources: {pids: 7}")).plan, "db").resources.pids, Some(7));
    let cells = compiled(&format!("matrix: {{M: [64m, 1GiB]}}\n{}", with("resources: {memory: '${M}'}")));
    let memory: Vec<_> = cells.jobs.iter().map(|job| container(&job.plan, "a").resources.memory_bytes).collect();
    assert_eq!(memory, [Some(64 << 20), Some(1 << 30)]);
}

#[test]
fn wrong_limits_are_told() {
    let cpus = |what: &str| format!("`cpus` takes a number from 0.01 to 1024, this is `{what}`");
    let memory = |what: &str| format!("`memory` takes a size, this is `{what}`");
    let range = || "`memory` takes 6 MiB to 64 TiB".to_owned();
    for (key, message, column, help) in [
        ("resources: 2", "`resources` takes a map, this is a number".to_owned(), 18, ""),
        ("resources: {cpus: 0}", cpus("0"), 25, "cpus: 1.5"),
        ("resources: {cpus: 500m}", cpus("500m"), 25, "cpus: 1.5"),
        ("resources: {cpus: -1}", cpus("-1"), 25, "cpus: 1.5"),
        ("resources: {cpus: 1e3}", cpus("1e3"), 25, "cpus: 1.5"),
        ("resources: {cpus: inf}", cpus("inf"), 25, "cpus: 1.5"),
        ("resources: {memory: much}", memory("much"), 27, "512MiB"),
        ("resources: {memory: -1g}", memory("-1g"), 27, "512MiB"),
        ("resources: {memory: 512}", range(), 27, "512MiB"),
        ("resources: {memory: 100t}", range(), 27, "512MiB"),
        ("resources: {pids: 0}", "`pids` takes a number from 1 to 4194304, this is `0`".to_owned(), 25, ""),
        ("resources: {pids: {a: b}}", "`pids` takes a number, this is a map".to_owned(), 25, ""),
        ("resources: {cpu: 1}", "`cpu` is not a key of `resources`".to_owned(), 19, "write `cpus`"),
    ] {
        refused(&with(key), &push(), &message, (3, column), help);
    }
}

#[test]
fn services_say_when_they_are_ready() {
    let of = |key: &str| container(&job(&service(key)).plan, "db").ready.clone().unwrap();
    let by = |check, timeout_seconds| Ready { check, timeout_seconds };
    assert_eq!(of("ready: 5432"), by(ReadyCheck::Port { port: 5432 }, 60));
    assert_eq!(of("ready: health"), by(ReadyCheck::Health, 60));
    assert_eq!(of("ready: {health: true, timeout: 5m}"), by(ReadyCheck::Health, 300));
    assert_eq!(of("ready: {port: 80}"), by(ReadyCheck::Port { port: 80 }, 60));
    let command = ReadyCheck::Command { command: "pg_isready -U postgres".into() };
    assert_eq!(of("ready: {command: pg_isready -U postgres, timeout: 90s}"), by(command, 90));
    assert_eq!(container(&job(&service("pull: true")).plan, "db").ready, None);
}

#[test]
fn wrong_readiness_is_told() {
    let word = "`ready` takes a port or `health`, this is `pg_isready`";
    for (key, message, column, help) in [
        ("ready: pg_isready", word, 14, r#"ready: {command: "pg_isready"}"#),
        ("ready: 0", "`port` takes a number from 1 to 65535, this is `0`", 14, ""),
        ("ready: 70000", "`port` takes a number from 1 to 65535, this is `70000`", 14, ""),
        ("ready: [80]", "`ready` takes a map, this is a list", 14, ""),
        ("ready: {timeout: 5s}", "`ready` says nothing to wait for", 14, "`health: true`"),
        ("ready: {port: 80, command: x}", "`ready` waits for one thing, and this is a second", 15, "keep one"),
        ("ready: {port: http}", "`port` takes a number from 1 to 65535, this is `http`", 21, ""),
        ("ready: {health: false}", "`health: false` waits for nothing", 23, "remove `ready`"),
        ("ready: {command: ' '}", "the `command` of `ready` is empty", 24, "pg_isready"),
        ("ready: {port: 80, timeout: 0s}", "`timeout` must be more than nothing and at most a week", 34, ""),
        ("timeout: 5s", "`timeout` is not a key of service `db`", 7, "ready:"),
    ] {
        refused(&service(key), &push(), message, (4, column), help);
    }
    refused(&with("ready: 80"), &push(), "`ready` is not a key of step `a`", (3, 7), "on a service");
}
