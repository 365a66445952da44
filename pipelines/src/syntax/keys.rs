//! Which keys each section has, what they take and what they are for. The reader checks unknown keys against these tables, and
//! the JSON schema is made of them.

mod artifacts;
mod cache;
mod condition;
mod container;
mod parts;
mod reports;
mod shape;
mod step;
mod workflow;

pub(crate) use artifacts::{ARTIFACTS, ARTIFACTS_FROM};
pub(crate) use cache::CACHE;
pub(crate) use condition::{CONDITION, FILTER, PATH_FILTER};
pub(crate) use container::{BUILD, DOCKER, FROM_SECRET, READY, RESOURCES};
pub(crate) use parts::{CONCURRENCY, INCLUDE, NEED, PARAMETER, PARAMETER_TYPES, RETRY, SERVICES_FROM, WORKSPACE};
pub(crate) use reports::REPORTS;
pub(crate) use shape::{Key, Keys, Shape};
pub(crate) use step::{CLONE, SERVICE, STEP};
pub(crate) use workflow::WORKFLOW;
