//! Nodes -> typed sections of a workflow. Decoders go on after a mistake, so that one look shows them all.

mod artifacts;
mod build;
mod cache;
mod cache_key;
mod clone;
mod condition;
mod duration;
mod elsewhere;
mod environment;
pub(crate) mod keys;
mod pull;
mod reader;
mod ready;
mod reference;
mod reports;
mod resources;
mod retry;
mod right;
mod rights;
mod section;
mod step;
mod value;
mod volume;
mod workflow;

pub(crate) use artifacts::TakenFrom;
pub(crate) use build::Build;
pub(crate) use cache::Cache;
pub(crate) use clone::Clone;
pub(crate) use condition::{AxisPattern, Condition, PathFilter, Pattern, When};
pub(crate) use reader::{Reader, Spanned};
pub(crate) use reference::check_reference;
pub(crate) use section::section;
pub(crate) use step::{Item, Role, Step};
pub(crate) use value::Told;
pub(crate) use volume::{Source, Volume, memory_size};
pub(crate) use workflow::{Need, Workflow};
