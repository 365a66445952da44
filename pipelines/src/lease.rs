//! The address of one run of a job, and of a log byte in it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::JobId;

/// Which run of a job a runner speaks about. Every write from a runner names one; the server takes
/// it only while it is the job's current one (DESIGN, invariant 3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Claim {
    /// The job.
    pub job: JobId,
    /// Run of the job, from 1. A retry makes the next.
    pub attempt: u32,
    /// Fencing number: each grant of a lease has a higher one.
    pub epoch: u64,
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.job, self.attempt, self.epoch)
    }
}

/// How long a lease lasts without renewal, in milliseconds.
pub const LEASE_MS: u64 = 60_000;
/// How often a runner renews, in milliseconds.
pub const RENEW_MS: u64 = 10_000;
/// A runner that could not renew for this long stops the job by itself, in milliseconds: before
/// the server may grant it again.
pub const SELF_STOP_MS: u64 = 45_000;
