//! Where the runner itself got with a step, in a small file: so that a killed one goes on from there.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use slipway_pipelines::state::Millis;

/// What was about to happen to a step, noted before it did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mark {
    /// A try is given the word.
    Goes {
        /// How many retries were begun, this one included.
        retries: u32,
        /// When.
        at: Millis,
    },
    /// A try is over, another one is to come.
    Pauses {
        /// How many retries were begun, the coming one included.
        retries: u32,
        /// When it begins.
        until: Millis,
    },
}

impl Mark {
    /// How many retries were begun.
    pub fn retries(self) -> u32 {
        match self {
            Self::Goes { retries, .. } | Self::Pauses { retries, .. } => retries,
        }
    }

    pub(super) fn write(self, path: &Path) -> io::Result<()> {
        let text = match self {
            Self::Goes { retries, at } => format!("goes {retries} {at}\n"),
            Self::Pauses { retries, until } => format!("pauses {retries} {until}\n"),
        };
        let new = PathBuf::from(format!("{}-new", path.display()));
        fs::write(&new, text)?;
        fs::rename(&new, path)
    }

    /// `None` when there is none. A file that cannot be read says at least that the word was about to be given.
    pub(super) fn read(path: &Path) -> Option<Self> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(_) => String::new(),
        };
        let mut words = text.split_whitespace();
        let kind = words.next().unwrap_or_default();
        let retries = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
        let at = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
        Some(if kind == "pauses" { Self::Pauses { retries, until: at } } else { Self::Goes { retries, at } })
    }
}
