//! Takes plans, runs them in containers, ships logs.

pub mod docker;
pub mod executor;
