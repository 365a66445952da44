#![doc = include_str!("../README.md")]

pub mod compile;
mod compose;
pub mod context;
pub mod diagnostic;
pub mod discovery;
pub mod duration;
mod environment;
mod filter;
mod flavour;
pub mod ids;
pub mod include;
pub mod lease;
mod matrix;
pub mod parameter;
pub mod plan;
pub mod render;
mod report;
pub mod repository;
pub mod schema;
pub mod selection;
pub mod state;
mod substitute;
pub mod suggest;
mod syntax;
pub mod trigger;
pub mod wire;
mod yaml;
