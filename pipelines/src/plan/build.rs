//! An image from a Dockerfile of the workspace.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A `build:` section.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ImageBuild {
    /// Absolute path of the context inside the workspace.
    pub context: String,
    /// Path of the Dockerfile, relative to the context.
    pub dockerfile: String,
    /// Stage to stop at.
    pub target: Option<String>,
    /// Build arguments.
    pub args: BTreeMap<String, String>,
    /// Tags to give besides the job's own.
    pub tags: Vec<String>,
    /// Absolute path of a file inside the workspace that the image is saved to.
    #[serde(default)]
    pub save: Option<String>,
    /// Whether the tags go to their registries.
    #[serde(default)]
    pub push: bool,
    /// Images in registries whose layers may be taken.
    #[serde(default)]
    pub cache_from: Vec<String>,
    /// Names in registries that the image goes to as the cache of later builds.
    #[serde(default)]
    pub cache_to: Vec<String>,
    /// What `RUN --mount=type=secret` sees, by id.
    #[serde(default)]
    pub secrets: BTreeMap<String, BuildSecret>,
    /// `linux/arm64`; the engine's own without.
    #[serde(default)]
    pub platform: Option<String>,
    /// Ask the registries for the base images even when the engine has them.
    #[serde(default)]
    pub pull: bool,
    /// Take no layer of an earlier build.
    #[serde(default)]
    pub no_cache: bool,
}

/// A secret that a build may mount.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BuildSecret {
    /// The one of this name; its value is not in the plan.
    Secret(String),
    /// Its value, after [`Plan::reveal`](super::Plan::reveal).
    Value(String),
}

impl ImageBuild {
    /// The `Dockerfile` of a folder, without anything more.
    pub fn new(context: impl Into<String>) -> Self {
        Self { context: context.into(), dockerfile: "Dockerfile".to_owned(), ..Self::default() }
    }
}
