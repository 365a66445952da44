#![doc = include_str!("../README.md")]

pub mod app;
pub mod auth;
pub mod clock;
pub mod config;
pub mod error;
pub mod links;
pub mod logs;
pub mod news;
pub mod queue;
mod routes;
mod runner_api;
mod startup;
pub mod store;
mod sweep;

pub use config::Config;
pub use startup::{Running, StartError, start};
