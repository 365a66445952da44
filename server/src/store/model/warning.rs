//! What people should know of a build that changes no outcome.

/// A warning.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Warning {
    /// Position of its job in the build.
    pub job: usize,
    /// Position of its step in the job, if it is about one.
    pub step: Option<usize>,
    /// A sentence.
    pub text: String,
}
