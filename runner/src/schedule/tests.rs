//! The schedule, tested without a clock or a container.

mod model;
mod properties;
mod stories;
mod tries;
