//! End-to-end tests: the real binary, real Docker, real git, a real browser. See `tests/README.md`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says by panicking that something is wrong")]

#[path = "../harness/mod.rs"]
mod harness;
