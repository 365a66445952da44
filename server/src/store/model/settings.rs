//! What people set for a repository: secrets, registry credentials, trust.

use secrecy::SecretString;
use slipway_pipelines::{context::SecretRule, state::Millis, trigger::Event};

/// A change of what a repository is trusted with; `None` leaves it as it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TrustChange {
    /// May change DNS and networks.
    pub network: Option<bool>,
    /// May mount host paths.
    pub volumes: Option<bool>,
    /// May run privileged containers.
    pub security: Option<bool>,
}

/// A secret to keep.
#[derive(Clone, Debug)]
pub struct NewSecret {
    /// Checked by the caller; kept in lower case.
    pub name: String,
    /// Sealed before it is stored, and never given out but to runners.
    pub value: SecretString,
    /// Builds that may have it.
    pub events: Vec<Event>,
    /// Plugin images that may have it. Empty: every step may.
    pub images: Vec<String>,
}

/// A kept secret: all but its value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Secret {
    /// What the language knows of it.
    pub rule: SecretRule,
    /// When it was last set.
    pub updated: Millis,
}

/// A credential of an image registry to keep.
#[derive(Clone, Debug)]
pub struct NewRegistry {
    /// `registry.example:5000`, or `docker.io`. Kept in lower case.
    pub host: String,
    /// User.
    pub username: String,
    /// Sealed before it is stored.
    pub password: SecretString,
}

/// A kept credential of an image registry: all but its password.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Registry {
    /// Lower case.
    pub host: String,
    /// User.
    pub username: String,
    /// When it was last set.
    pub updated: Millis,
}
