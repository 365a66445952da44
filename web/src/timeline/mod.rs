//! A build over time: what waited, pulled, built and ran when. Pure: moments in, places on an axis out.

mod critical;
mod lane;
mod scale;

pub use critical::critical;
pub use lane::{Lane, Part, PartKind};
pub(crate) use scale::Scale;
