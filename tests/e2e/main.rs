//! End-to-end tests: the real binary, real Docker, real git, a real browser. See `tests/README.md`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says by panicking that something is wrong")]

#[path = "../harness/mod.rs"]
mod harness;

mod again;
mod around;
mod artifacts;
mod bad_input;
mod browser;
mod build_page;
mod caches;
mod command_line;
mod compose;
mod containers;
mod crons;
mod desk;
mod examples;
mod forges;
mod goes_on;
mod hooks;
mod kill;
mod live;
mod log_format;
mod log_pane;
mod pages;
mod plugins;
mod pull_requests;
mod push;
mod readme;
mod registries;
mod reports;
mod runners;
mod scenarios;
mod secrecy;
mod secrets;
mod services;
mod stop;
mod storage;
mod untrusted;
mod usage;
mod values;
