//! On a real engine. Each test has an instance and an image of its own and leaves nothing; without an engine they say so
//! and pass.

mod access;
mod adoption;
mod again;
mod builds;
mod fake_registry;
mod figures;
mod files;
mod harness;
mod jobs;
mod keep;
mod limits;
mod mounts;
mod outputs;
mod plugins;
mod pulls;
mod pushes;
mod ready;
mod registries;
mod saved;
mod shell;
mod steps;
mod workspaces;
