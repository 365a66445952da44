//! Runs steps in containers of a Docker engine.
//!
//! A job has a [sandbox], which owns its network, and a [workspace] volume. A [step] with commands waits in its container
//! behind a [gate] before its turn comes. What is made carries [labels](names); by these a restarted runner [adopts](adopt)
//! what is its own and [removes](leftovers) what is nobody's.

mod adopt;
mod archive;
mod build;
mod builder;
mod close;
mod container;
mod context;
mod control;
mod credentials;
mod direct;
mod engine;
mod executor;
mod files;
mod gate;
mod ignore;
mod images;
mod job;
mod knock;
mod leftovers;
mod marks;
mod memory;
mod mounts;
mod names;
mod outputs;
mod pause;
mod pull;
mod raw;
mod ready;
mod reference;
mod rights;
mod run;
mod sandbox;
mod saved;
mod shell;
mod step;
mod usage;
mod used;
mod workspace;

pub use builder::Builder;
pub use engine::ping;
pub use executor::{Config, Docker};
pub use job::Job;
pub use pull::{Mirror, Pulls};
pub use shell::{Size, Terminal};

#[cfg(test)]
mod tests;
