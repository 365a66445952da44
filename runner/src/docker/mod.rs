//! Runs steps in containers of a Docker engine.
//!
//! A job has a [sandbox], which owns its network, and a [workspace] volume. A [step] with commands waits in its container
//! behind a [gate] before its turn comes. What is made carries [labels](names); by these a restarted runner [adopts](adopt)
//! what is its own and [removes](leftovers) what is nobody's.

mod adopt;
mod archive;
mod build;
mod close;
mod container;
mod context;
mod control;
mod engine;
mod executor;
mod gate;
mod ignore;
mod images;
mod job;
mod leftovers;
mod names;
mod pause;
mod reference;
mod run;
mod sandbox;
mod step;
mod workspace;

pub use engine::ping;
pub use executor::{Config, Docker};
pub use job::Job;

#[cfg(test)]
mod tests;
