//! The language from outside: files in, plans or diagnostics out.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;
mod compat;
mod compose;
mod environment;
mod evaluate;
mod examples;
mod filters;
mod hostile;
mod include;
mod jobs;
mod limits;
mod matrix;
mod parameters;
mod rendering;
mod resources;
mod retries;
mod secrets;
mod sharing;
mod steps;
mod trusted;
