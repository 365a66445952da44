//! Artifacts.

use slipway_pipelines::{ids::BuildId, state::Millis};
use uuid::Uuid;

/// A file that a step kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Artifact {
    /// Its own id: with the build's it names its bytes.
    pub id: Uuid,
    /// Of which build.
    pub build: BuildId,
    /// Position of the job.
    pub job: usize,
    /// Its name.
    pub job_name: String,
    /// Position of the step.
    pub step: usize,
    /// Its name.
    pub step_name: String,
    /// Relative to the checkout.
    pub path: String,
    /// In bytes; 0 of a link.
    pub size: u64,
    /// In hexadecimal.
    pub sha256: String,
    /// Whether it may be run.
    pub executable: bool,
    /// Where a symbolic link leads, relative to its folder.
    pub link: Option<String>,
    /// When it was kept.
    pub created: Millis,
    /// When it goes.
    pub expires: Millis,
}

/// A file that a step keeps, with its bytes in the storage.
#[derive(Clone, Debug)]
pub struct NewArtifact {
    /// Names its bytes.
    pub id: Uuid,
    /// Position of the step.
    pub step: usize,
    /// Relative to the checkout.
    pub path: String,
    /// In bytes.
    pub size: u64,
    /// In hexadecimal.
    pub sha256: String,
    /// Whether it may be run.
    pub executable: bool,
    /// Where a symbolic link leads.
    pub link: Option<String>,
    /// When it goes.
    pub expires: Millis,
}

/// What a build may keep.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ArtifactLimits {
    /// Bytes of all files together.
    pub build_bytes: u64,
    /// How many files.
    pub build_files: u64,
}

/// Bytes in the storage that no row needs any more.
pub type Gone = (BuildId, Uuid);
