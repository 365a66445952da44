//! What both targets do with their bytes.

mod check;
mod world;

pub use check::check;
pub use world::World;
