//! Caches: what a runner asks about and hands over.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::lease::Claim;

/// Which cache a step would like to have.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CacheWanted {
    /// Who asks.
    pub claim: Claim,
    /// The entry of this key, or else
    pub key: String,
    /// the newest whose key begins with the first of these that fits any.
    pub restore_keys: Vec<String>,
    /// What the entry is made of, see [`cache_form`]. Others do not fit, whatever their key.
    pub form: String,
}

/// The server's answer to [`CacheWanted`].
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct CacheAnswer {
    /// What fits best.
    pub found: Option<CacheEntry>,
    /// Largest entry that this job may save, in bytes; `None`: it may save none.
    pub saves: Option<u64>,
    /// Why there is none, where more is known than that there is none.
    pub note: Option<String>,
}

/// An entry.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CacheEntry {
    /// Names it for the fetch.
    pub id: Uuid,
    /// Its key.
    pub key: String,
    /// Length in bytes.
    pub bytes: u64,
    /// SHA-256, 64 hex digits.
    pub sha256: String,
}

/// What a runner hands over: the query of the request whose body is the entry.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CacheOffer {
    /// [`Claim::epoch`]; job and attempt are in the path.
    pub epoch: u64,
    /// Its key.
    pub key: String,
    /// As in [`CacheWanted`].
    pub form: String,
    /// Length in bytes.
    pub bytes: u64,
    /// SHA-256, 64 hex digits.
    pub sha256: String,
}

/// Why an entry was not saved, to be told to who asks for it next.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CacheRefusal {
    /// Which run.
    pub claim: Claim,
    /// The key that it would have had.
    pub key: String,
    /// As in [`CacheWanted`].
    pub form: String,
    /// A sentence for people.
    pub problem: String,
}

/// Names what an entry is made of: how it is packed, and its paths. Two caches of one key and different paths are two.
pub fn cache_form(paths: &[String]) -> String {
    let mut form = "tar.zst".to_owned();
    for path in paths {
        form.push('\n');
        form.push_str(path);
    }
    form
}
