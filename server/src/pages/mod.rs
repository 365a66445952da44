//! Pages: rows in, web views out. Each handler takes a [`Visitor`], who is sent to the login page when nobody has
//! logged in.

mod account;
mod actions;
mod answer;
mod artifacts;
mod artifacts_view;
mod assets;
mod badge;
mod build;
mod build_view;
mod choose;
mod deliveries;
mod failures_view;
mod fields;
mod headers;
mod home;
mod log_view;
mod panel_view;
mod pipeline;
mod queue;
mod queue_view;
mod registries;
mod repository;
mod run;
mod search;
mod settings;
mod settings_view;
mod tests;
mod tests_view;
mod visitor;
mod window;

pub(crate) use account::{account, add_token, drop_token};
pub(crate) use actions::{approve, cancel, retry};
pub(crate) use answer::{PageError, fail, not_found, render};
pub(crate) use artifacts::{artifact, artifacts, job_artifacts, view_artifact};
pub(crate) use assets::asset;
pub(crate) use badge::badge;
pub(crate) use build::{build, step};
pub(crate) use deliveries::{deliveries, delivery, replay};
pub(crate) use headers::protect;
pub(crate) use home::home;
pub(crate) use pipeline::pipeline;
pub(crate) use queue::{drain_runner, pause_queue, queue, resume_queue, resume_runner, runners};
pub(crate) use registries::{drop_global_registry, registries, set_global_registry};
pub(crate) use repository::repository;
pub(crate) use run::{run, start};
pub(crate) use search::search;
pub(crate) use settings::{
    drop_cache, drop_cron, drop_registry, drop_secret, run_cron, set_cron, set_general, set_registry, set_secret,
    set_trust, settings,
};
pub(crate) use tests::{build_tests, test, tests};
pub(crate) use visitor::Visitor;
