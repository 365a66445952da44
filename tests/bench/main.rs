//! `make bench`: Slipway's own delays beside the Docker CLI's, measured in one run, in turns, as medians.
//!
//! A program that prints figures, not a test: nothing here passes or fails. `make bench` has it measure the release binary;
//! the program itself is built as the tests are, so that nothing is built twice.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a bench that cannot measure stops")]

mod caches;
#[allow(dead_code, unused_imports, reason = "the tests use the rest of it")]
#[path = "../harness/mod.rs"]
mod harness;
mod measure;
mod reading;
mod table;

use harness::server::{Kind, Server, Setup};
use table::{Row, print};

const ROUNDS: usize = 9;
const FEWER_ROUNDS: usize = 5;

/// `make bench` measures all of it; `… --bench figures -- PART..` only some.
const PARTS: [&str; 5] = ["steps", "caches", "page", "logs", "search"];

#[tokio::main]
async fn main() {
    let asked: Vec<String> = std::env::args().skip(1).filter(|argument| PARTS.contains(&argument.as_str())).collect();
    let wants = |part: &str| asked.is_empty() || asked.iter().any(|one| one == part);
    let server = Setup::new(Kind::Docker).env("SLIPWAY_LOG", "warn").start().await;
    println!("{}", measure::machine(&server).await);
    let mut rows = Vec::new();
    if wants("steps") {
        rows.extend(steps(&server).await);
    }
    if wants("caches") {
        rows.push(cache(&server).await);
    }
    print(&rows);
    if wants("page") || wants("logs") {
        let reader = reading::Reader::new(&server);
        if wants("page") {
            reading::build_page(&server, &reader).await;
        }
        if wants("logs") {
            reading::long_log(&server, &reader).await;
            reading::live_log(&server, &reader).await;
        }
    }
    if wants("search") {
        reading::search(&server).await;
    }
    server.finish().await;
}

/// What Slipway adds to the time of steps.
async fn steps(server: &Server) -> Vec<Row> {
    // The first of everything is slower, for both.
    measure::docker_first_byte().await;
    measure::push_to_first_byte(server, "bench/warm").await;

    let (mut docker, mut push) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        docker.push(measure::docker_first_byte().await);
        push.push(measure::push_to_first_byte(server, "bench/first").await);
    }
    let (mut gaps, mut clock_gaps) = (Vec::new(), Vec::new());
    let (mut steps, mut runs) = (Vec::new(), Vec::new());
    for _ in 0..FEWER_ROUNDS {
        let gap = measure::gap(server, "bench/gap").await;
        gaps.push(gap.by_api);
        clock_gaps.push(gap.in_steps);
        runs.push(measure::docker_runs(20).await);
        steps.push(measure::twenty_steps(server, "bench/steps").await);
    }

    vec![
        Row::ratio("push accepted -> first log byte", &push, "docker run --rm IMG echo x", &docker, 1.5),
        Row::limit("gap between two steps, by their recorded times", &gaps, 20.0),
        Row::limit("the same, by the clock inside them (10 ms ticks)", &clock_gaps, 20.0),
        Row::ratio("a build of 20 steps of `true`", &steps, "20 x docker run --rm IMG true", &runs, 0.6),
    ]
}

/// A warm restore of a large cache.
async fn cache(server: &Server) -> Row {
    let plain = caches::Plain::make().await;
    caches::fill(server, "bench/cache").await;
    let (mut restores, mut unpacks) = (Vec::new(), Vec::new());
    for _ in 0..FEWER_ROUNDS {
        unpacks.push(plain.unpack().await);
        restores.push(caches::restore(server, "bench/cache").await);
    }
    Row::ratio("a warm restore of a cache of 1 GiB", &restores, "tar -x of the same files", &unpacks, 1.0)
}
