//! On a real engine. Each test has an instance and an image of its own and leaves nothing; without an engine they say so
//! and pass.

mod adoption;
mod builds;
mod figures;
mod harness;
mod steps;
mod workspaces;
