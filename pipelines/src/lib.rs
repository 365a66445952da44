#![doc = include_str!("../README.md")]

pub mod context;
pub mod diagnostic;
pub mod ids;
pub mod lease;
pub mod plan;
pub mod repository;
pub mod state;
pub mod trigger;
pub mod wire;
