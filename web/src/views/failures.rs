//! What failed, at one glance.

/// Most failures that are named.
const MOST: usize = 5;

/// What failed.
#[derive(Clone, Debug)]
pub struct FailuresView {
    /// `2 of 5 jobs failed`.
    pub text: String,
    /// The first of them.
    pub items: Vec<FailureView>,
    /// How many more there are.
    pub more: usize,
}

/// A step that failed, or a job that failed without one.
#[derive(Clone, Debug)]
pub struct FailureView {
    /// `job / step`.
    pub place: String,
    /// Its page; empty where there is none.
    pub href: String,
    /// Why.
    pub why: String,
}

impl FailuresView {
    /// `None` when nothing failed.
    pub fn new(failed: usize, jobs: usize, mut items: Vec<FailureView>) -> Option<Self> {
        if items.is_empty() {
            return None;
        }
        let more = items.len().saturating_sub(MOST);
        items.truncate(MOST);
        let text = match (failed, jobs) {
            (1, 1) => "The job failed".to_owned(),
            (failed, 1) => format!("{failed} job failed"),
            (failed, jobs) => format!("{failed} of {jobs} jobs failed"),
        };
        Some(Self { text, items, more })
    }
}
