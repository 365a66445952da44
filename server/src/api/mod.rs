//! The REST API: JSON below `/api/v1`, for whoever has the administrator's token or a session.
//!
//! Times are RFC 3339 in UTC with milliseconds. An error is `{"error", "help"}`. A job is named by its name or by its
//! position from 0, a step too; a position is tried first.

mod artifacts;
mod build_stream;
mod builds;
mod caches;
pub(crate) mod checks;
mod commands;
mod crons;
mod deliveries;
mod filter;
mod find;
mod fleet;
mod global_registries;
mod home;
mod input;
mod lanes;
mod live;
mod log;
mod log_lines;
mod log_search;
mod log_stream;
mod overview;
mod pipeline;
pub(crate) mod provenance;
pub(crate) mod range;
mod registries;
mod repos;
mod retry;
mod search;
mod secrets;
mod settings;
mod shape;
mod tests;
mod timeline;
mod tokens;
mod trust;
mod usage;
mod waiting;

pub(crate) use artifacts::{get_artifact, list_artifacts, shown as shown_artifacts, zip_of};
pub(crate) use build_stream::build_stream;
pub(crate) use builds::{approve, cancel, get_build, list_builds, parameters, start_build};
pub(crate) use caches::{delete_cache, delete_caches, forget_cache, list_caches};
pub(crate) use commands::list_commands;
pub(crate) use crons::{checked_cron, delete_cron, fire_cron, forget_cron, keep_cron, list_crons, put_cron, run_cron};
pub(crate) use deliveries::{find_delivery, get_delivery, list_deliveries, replay, replay_delivery};
pub(crate) use filter::{FilterQuery, STATUSES, events, query_of};
pub(crate) use find::{StepLog, find_build, find_repository, find_step};
pub(crate) use fleet::{Fleet, RunnerNow};
pub(crate) use global_registries::{
    delete_global_registry, forget_global_registry, keep_global_registry, list_global_registries, put_global_registry,
};
pub(crate) use home::home;
pub(crate) use input::{JsonBody, SecretBody, UrlPath, UrlQuery};
pub(crate) use lanes::lanes;
pub(crate) use live::live;
pub(crate) use log::raw_log;
pub(crate) use log_lines::log_lines;
pub(crate) use log_search::log_search;
pub(crate) use log_stream::log_stream;
pub(crate) use overview::{drain_runner, find_runner, pause_queue, queue, resume_queue, resume_runner, runners};
pub(crate) use pipeline::{build_pipeline, build_plan};
pub(crate) use provenance::{list_provenance, provenance_key};
pub(crate) use registries::{delete_registry, forget_registry, keep_registry, list_registries, put_registry};
pub(crate) use repos::{create_repository, get_repository, list_repositories, webhook_url};
pub(crate) use retry::{Retry, retry};
pub(crate) use search::{Findings, Scope, SearchQuery, find, search};
pub(crate) use secrets::{delete_secret, forget_secret, keep_secret, list_secrets, put_secret};
pub(crate) use settings::get_settings;
pub(crate) use shape::times;
pub(crate) use tests::{CaseQuery, build_coverage, build_tests, find_test, get_test, list_tests, sort_of};
pub(crate) use timeline::build_timeline;
pub(crate) use tokens::{OWN_NAMES, PostToken, delete_token, list_tokens, make_token, post_token, revoke_token};
pub(crate) use trust::{patch_repository, set_default_branch, trust};
pub(crate) use usage::step_usage;
pub(crate) use waiting::{job_waits, standing};
