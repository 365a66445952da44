//! When a registry is asked for an image.

use serde::{Deserialize, Serialize};

/// A `pull:` of a step.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pull {
    /// Each time, even when the engine has it.
    Always,
    /// When the engine does not have it.
    #[default]
    Missing,
    /// Never: the engine has it, or the step cannot run.
    Never,
}

impl Pull {
    /// The spellings of pipelines.
    pub const WORDS: [&str; 3] = ["always", "missing", "never"];

    /// The one of a spelling.
    pub fn of_word(word: &str) -> Option<Self> {
        match word {
            "always" => Some(Self::Always),
            "missing" => Some(Self::Missing),
            "never" => Some(Self::Never),
            _ => None,
        }
    }
}

impl From<bool> for Pull {
    fn from(always: bool) -> Self {
        if always { Self::Always } else { Self::Missing }
    }
}
