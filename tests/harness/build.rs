//! A build as the API tells it.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

#[derive(Clone, Deserialize)]
pub(crate) struct Build {
    pub(crate) number: u64,
    pub(crate) status: String,
    pub(crate) reason: Option<String>,
    pub(crate) event: String,
    pub(crate) branch: Option<String>,
    pub(crate) sha: String,
    pub(crate) message: String,
    #[serde(default)]
    pub(crate) jobs: Vec<Job>,
    /// All that the API said, also what has no field here.
    #[serde(skip)]
    pub(crate) json: Value,
}

#[derive(Clone, Deserialize)]
pub(crate) struct Job {
    pub(crate) name: String,
    pub(crate) status: String,
    pub(crate) reason: Option<String>,
    pub(crate) runner: Option<String>,
    pub(crate) attempt: u32,
    pub(crate) steps: Vec<Step>,
}

#[derive(Clone, Deserialize)]
pub(crate) struct Step {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) status: String,
    pub(crate) reason: Option<String>,
    pub(crate) exit_code: Option<i32>,
    pub(crate) started_at: Option<Value>,
    pub(crate) finished_at: Option<Value>,
}

/// Whether nothing more happens to what has this status.
pub(crate) fn is_final(status: &str) -> bool {
    !matches!(status, "pending" | "blocked" | "running")
}

impl Build {
    /// Positions of a step, for the addresses of logs: of its job in the build, and in its job.
    pub(crate) fn position(&self, step: &str) -> (usize, usize) {
        self.jobs
            .iter()
            .enumerate()
            .find_map(|(j, job)| job.steps.iter().position(|s| s.name == step).map(|s| (j, s)))
            .unwrap_or_else(|| panic!("no step `{step}`: {self:?}"))
    }

    pub(crate) fn step(&self, name: &str) -> &Step {
        let (job, step) = self.position(name);
        &self.jobs[job].steps[step]
    }

    /// Fails the test with the whole build when a step is not as expected: status, reason, exit code.
    pub(crate) fn assert_step(&self, name: &str, status: &str, reason: &str, exit_code: Option<i32>) {
        let step = self.step(name);
        let seen = (step.status.as_str(), step.reason.as_deref(), step.exit_code);
        assert_eq!(seen, (status, Some(reason), exit_code), "step `{name}` of {self:?}");
        let finished = step.finished_at.as_ref().map(millis).expect("what has ended has the time of it");
        match &step.started_at {
            Some(started) => assert!(status != "skipped" && millis(started) <= finished, "step `{name}` of {self:?}"),
            None => assert_eq!(exit_code, None, "step `{name}` ran without a start: {self:?}"),
        }
    }

    /// The same for the build: status and reason.
    pub(crate) fn assert_ended(&self, status: &str, reason: &str) {
        assert_eq!((self.status.as_str(), self.reason.as_deref()), (status, Some(reason)), "{self:?}");
    }
}

impl fmt::Debug for Build {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.json)
    }
}

/// A time of the API in milliseconds since 1970.
pub(crate) fn millis(time: &Value) -> f64 {
    let text = time.as_str().unwrap_or_else(|| panic!("no time: {time}"));
    let parsed = OffsetDateTime::parse(text, &Rfc3339).unwrap_or_else(|error| panic!("{text}: {error}"));
    parsed.unix_timestamp_nanos() as f64 / 1e6
}
