//! The rows: the only SQL. One writer with group commit, readers beside it. One file a table, one function a statement.

mod actions;
mod attempts;
mod builds;
mod codec;
mod content;
mod deliveries;
mod effects;
mod error;
mod given;
mod groups;
mod handle;
mod images;
mod jobs;
mod lease;
mod migrations;
pub mod model;
mod open;
mod outputs;
mod overview;
mod progress;
mod registries;
mod repositories;
mod row;
mod runners;
mod sealing;
mod secrets;
mod settle;
mod steps;
mod tokens;
mod writer;

pub use effects::{Effects, JobChange, OnCommit};
pub use error::StoreError;
pub use handle::Store;
pub use lease::{Granted, Resumed};
pub use open::OpenError;
pub use overview::Counts;
