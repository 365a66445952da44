//! What a fetch says in the log.

use std::time::{Duration, Instant};

use crate::executor::LogSink;

/// How often a running fetch says how far it is.
const EVERY: Duration = Duration::from_secs(2);

/// Lines about a fetch, not too many.
pub(super) struct Lines<'a> {
    log: &'a mut dyn LogSink,
    last: Instant,
}

impl<'a> Lines<'a> {
    pub(super) fn new(log: &'a mut dyn LogSink) -> Self {
        Self { log, last: Instant::now() }
    }

    pub(super) fn say(&mut self, line: &str) {
        self.log.write(line.as_bytes());
        self.log.write(b"\n");
    }

    pub(super) fn received(&mut self, objects: usize, of: usize, bytes: usize) {
        if self.last.elapsed() >= EVERY {
            self.last = Instant::now();
            self.say(&format!("  {}", amount(objects, of, bytes)));
        }
    }
}

/// `120 of 350 objects, 1.2 MB`
pub(super) fn amount(objects: usize, of: usize, bytes: usize) -> String {
    format!("{objects} of {of} objects, {:.1} MB", bytes as f64 / 1e6)
}
