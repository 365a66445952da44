//! The surface that people and programs see, over HTTP, against a server in this process.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "tests")]

mod access;
mod account;
mod again;
mod api;
mod archived;
mod artifacts;
mod caches;
mod crons;
mod goes_on;
mod home;
mod included;
mod lists;
mod log_lines;
mod logs;
mod pages;
mod parameters;
mod provenance;
mod pushed;
mod queue;
mod reports;
mod repository;
mod search;
mod settings;
mod setup;
mod timeline;
mod warnings;
