//! What a step finds again that earlier builds left.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Longest key of a cache entry, in bytes.
pub const LONGEST_CACHE_KEY: usize = 512;

/// An item of `cache:`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Cache {
    /// Names the entry.
    pub key: CacheKey,
    /// Where there is no entry of that key: the newest whose key begins with the first of these that fits any.
    pub restore_keys: Vec<CacheKey>,
    /// Files and folders, relative to the checkout, sorted; no patterns, and none is inside another.
    pub paths: Vec<String>,
}

/// A key, or the beginning of one, with what only the runner knows left open.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct CacheKey(pub Vec<KeyPart>);

/// A part of a key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyPart {
    /// Stays as it is.
    Text(String),
    /// `{{ checksum "A" "B" }}`: SHA-256 of the files that these patterns fit, in 64 hex digits.
    Checksum(Vec<String>),
    /// `{{ platform }}`: the runner's platform.
    Platform,
}

impl fmt::Display for CacheKey {
    /// As a pipeline would write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.0 {
            match part {
                KeyPart::Text(text) => f.write_str(text)?,
                KeyPart::Checksum(patterns) => write!(f, "{{{{ checksum \"{}\" }}}}", patterns.join("\" \""))?,
                KeyPart::Platform => f.write_str("{{ platform }}")?,
            }
        }
        Ok(())
    }
}
