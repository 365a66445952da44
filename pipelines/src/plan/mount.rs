//! What a container has mounted besides the workspace.

use serde::{Deserialize, Serialize};

/// Where the workspace is mounted a second time, and cannot be written to, in a container with a read-only part of it.
/// No mount of a pipeline's own lies there.
pub const READ_ONLY_WORKSPACE: &str = "/.slipway/workspace";

/// One mount.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Mount {
    /// What is mounted.
    #[serde(flatten)]
    pub source: MountSource,
    /// Absolute path in the container, without `.`, `..` and double slashes.
    pub target: String,
    /// Whether writing to it fails.
    pub read_only: bool,
}

/// Where what is mounted comes from. What comes from the machine itself takes trust and is in [`Access`](super::Access).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum MountSource {
    /// A volume that all containers of the job share by its name, and that goes with the job.
    Volume {
        /// Unique in the job.
        name: String,
        /// Whether it is filled with what the image has at the target, while it is empty.
        copy: bool,
    },
    /// A file or folder of the workspace, which need not be there yet. Links on the way lead to nothing but the container's own files.
    Workspace {
        /// Absolute path in the workspace.
        path: String,
        /// Whether an empty folder is made there if nothing is, before the container starts.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        make: bool,
    },
    /// A volume that only this container has.
    Own,
}
