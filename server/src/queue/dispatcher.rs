//! Matches waiting runners with queued jobs.

/// The dispatcher.
#[derive(Debug, Default)]
pub struct Dispatcher {}
