//! From a trigger to a build: the commit's data and its pipeline files are read, compiled and stored.
//!
//! A stored delivery is worked on here, right after it came or, after a crash, at the next start ([`replay`]).

mod commit;
mod context;
mod error;
mod files;
mod included;
mod manual;
mod parameters;
mod pushed;
mod start;
mod work;

pub use error::IntakeError;
pub(crate) use files::pipeline_of;
pub use manual::{Target, manual};
pub use parameters::parameters;
pub(crate) use pushed::{PushedRef, body_of};
pub use start::{Intake, begin, start_build};
pub(crate) use work::{log, work_later};
pub use work::{replay, work};
