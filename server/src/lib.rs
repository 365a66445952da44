#![doc = include_str!("../README.md")]

pub mod app;
pub mod auth;
pub mod clock;
pub mod config;
pub mod error;
mod health;
pub mod json;
pub mod links;
pub mod logs;
pub mod news;
pub mod queue;
mod requests;
mod routes;
mod runner_api;
mod startup;
pub mod store;
mod sweep;

pub use config::Config;
pub use startup::{FolderError, Running, StartError, start};
