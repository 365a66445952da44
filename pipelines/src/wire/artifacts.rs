//! Artifacts between runner and server.

use serde::{Deserialize, Serialize};

/// How much a step may keep, as the server answers it before the first file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Room {
    /// Most bytes of one file.
    pub file_bytes: u64,
    /// Bytes that are left for the build.
    pub build_bytes: u64,
    /// Files that are left for the build.
    pub build_files: u64,
}

/// One file to keep: the query of its request, whose body has its bytes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct KeptFile {
    /// Of the claim.
    pub epoch: u64,
    /// Relative to the checkout, with `/` between its parts; none of them is `.` or `..`.
    pub path: String,
    /// Whether it may be run.
    #[serde(default)]
    pub executable: bool,
    /// Of a symbolic link: where it leads, relative to the folder that it lies in; it has no bytes then.
    pub link: Option<String>,
}

/// Whether something can be the path of an artifact.
pub fn is_artifact_path(path: &str) -> bool {
    let is_part = |part: &str| !matches!(part, "" | "." | "..") && !part.chars().any(char::is_control);
    path.len() <= 4096 && path.split('/').all(is_part)
}

/// Header of an answer with files to take: how many there are.
pub const FILES_HEADER: &str = "slipway-files";
/// Header of an answer with files to take: their bytes together.
pub const BYTES_HEADER: &str = "slipway-bytes";
