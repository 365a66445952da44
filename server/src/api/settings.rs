//! What the server was told at its start.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use serde::Serialize;

use crate::{app::App, auth::Admin, settings::settings};

/// The settings in force.
#[derive(Debug, Serialize)]
pub(crate) struct SettingsJson {
    version: &'static str,
    /// By flag, for people.
    settings: BTreeMap<&'static str, String>,
}

/// `GET settings`
pub(crate) async fn get_settings(_: Admin, State(app): State<App>) -> Json<SettingsJson> {
    let settings = settings(&app.config).into_iter().map(|one| (one.flag, one.value)).collect();
    Json(SettingsJson { version: app.config.version, settings })
}
