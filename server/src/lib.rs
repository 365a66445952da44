#![doc = include_str!("../README.md")]

mod api;
pub mod app;
mod artifacts;
pub mod auth;
mod caches;
pub mod clock;
pub mod config;
mod crons;
pub mod error;
pub mod git;
mod health;
pub mod intake;
pub mod json;
pub mod links;
pub mod logs;
pub mod news;
mod pages;
pub mod provenance;
mod push;
pub mod queue;
mod requests;
mod routes;
mod runner_api;
mod search;
mod session;
mod settings;
pub mod source;
mod sse;
mod startup;
pub mod storage;
pub mod store;
mod sweep;
#[cfg(test)]
mod testing;
pub mod vault;
pub mod webhook;

pub use config::{Config, DEFAULT_CACHE_LIMIT};
pub use startup::{FolderError, Running, StartError, start};
