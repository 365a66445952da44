//! Runs steps in containers of a Docker engine.

mod engine;
mod executor;

pub use engine::ping;
pub use executor::{Config, Docker};
