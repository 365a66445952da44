//! The server's side of the runner protocol: see [`slipway_pipelines::wire`].

mod artifacts;
mod caches;
mod events;
mod grant;
mod hello;
mod logs;
mod next;
mod renew;
mod reports;
mod who;

pub(crate) use artifacts::{clear_artifacts, keep_artifact, take_artifacts};
pub(crate) use caches::{fetch_cache, find_cache, refuse_cache, save_cache};
pub(crate) use events::events;
pub(crate) use hello::hello;
pub(crate) use logs::{append, committed};
pub(crate) use next::next;
#[cfg(test)]
pub(crate) use next::undelivered;
pub(crate) use renew::renew;
pub(crate) use reports::reports;
