//! How long to wait before asking a server again.

use std::time::Duration;

use tokio::time;

/// Grows from 50 ms to 3 s, with some chance in it so that many runners do not come back at once.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    tries: u32,
}

impl Backoff {
    const FIRST_MS: u64 = 50;
    const LONGEST_MS: u64 = 3_000;

    pub(crate) async fn wait(&mut self) {
        let base = Self::LONGEST_MS.min(Self::FIRST_MS << self.tries.min(10));
        self.tries = self.tries.saturating_add(1);
        time::sleep(Duration::from_millis(base / 2 + rand::random_range(0..=base / 2))).await;
    }

    /// Whether it is time to complain: once at the first failure, then rarely.
    pub(crate) fn is_worth_a_line(&self) -> bool {
        self.tries.is_power_of_two() || self.tries == 0
    }
}
