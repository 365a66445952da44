#![doc = include_str!("../README.md")]

pub mod compile;
pub mod context;
pub mod diagnostic;
pub mod discovery;
pub mod ids;
pub mod lease;
pub mod plan;
pub mod render;
pub mod repository;
pub mod state;
pub mod trigger;
pub mod wire;
