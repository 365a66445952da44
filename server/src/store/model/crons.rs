//! Builds that start by themselves.

use serde::{Deserialize, Serialize};
use slipway_pipelines::state::Millis;

use super::DeliveryState;

/// A cron to keep.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewCron {
    /// Unique in its repository.
    pub name: String,
    /// Five fields, in UTC; checked by the caller.
    pub schedule: String,
    /// The default branch without one.
    pub branch: Option<String>,
    /// When it comes due first; never while it is paused.
    pub next: Option<Millis>,
}

/// A kept cron.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cron {
    /// Unique in its repository.
    pub name: String,
    /// Five fields, in UTC.
    pub schedule: String,
    /// The default branch without one.
    pub branch: Option<String>,
    /// When it comes due; never while it is paused.
    pub next: Option<Millis>,
    /// When it last did, and what became of it.
    pub last: Option<(Millis, DeliveryState)>,
}

/// The body of a cron's delivery.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CronFired {
    /// Which.
    pub cron: String,
    /// The default branch without one.
    pub branch: Option<String>,
}

impl CronFired {
    /// The word for such a delivery.
    pub const EVENT: &str = "cron";
}
