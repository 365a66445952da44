//! What a step's time goes into besides its own run.

use serde::{Deserialize, Serialize};

use crate::state::Millis;

/// A part of a step's way to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Its image comes from a registry. Pulls begin with the job, so this may lie before the step's turn.
    Pull,
    /// Its image is built, or loaded from a file: a part of the step's own time.
    Build,
}

impl Phase {
    /// The spelling of API and database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Build => "build",
        }
    }

    /// The inverse of [`Phase::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Pull, Self::Build].into_iter().find(|phase| phase.as_str() == text)
    }
}

/// When a phase was.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PhaseTime {
    /// Which.
    pub phase: Phase,
    /// When it began.
    pub began: Millis,
    /// When it ended; `None` while it goes on.
    pub ended: Option<Millis>,
}
