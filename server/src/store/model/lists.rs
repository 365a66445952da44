//! Lists of builds.

use slipway_pipelines::{state::Status, trigger::Event};

/// Which builds of a repository are wanted; what is `None` does not matter.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct BuildFilter {
    /// Their branch; of a pull request the one that it wants to change.
    pub branch: Option<String>,
    /// What started them.
    pub event: Option<Event>,
    /// Where they stand.
    pub status: Option<Status>,
    /// Who wrote the commit, whole.
    pub author: Option<String>,
}

impl BuildFilter {
    /// Whether every build is wanted.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A delivery without its body.
#[derive(Clone, Debug)]
pub struct DeliverySummary {
    /// Its id.
    pub id: slipway_pipelines::ids::DeliveryId,
    /// The forge's own id of it.
    pub forge_id: String,
    /// The forge's word for what it is.
    pub event: String,
    /// Length of its body.
    pub bytes: u64,
    /// When it came.
    pub received: slipway_pipelines::state::Millis,
    /// What became of it.
    pub state: super::DeliveryState,
}
