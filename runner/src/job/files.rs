//! Files around a step: what comes into the workspace before it starts, and what is kept when it has ended.

mod caches;
mod found;
mod reports;

use super::live::{Life, stopped};
use crate::{
    executor::{Executor, Failed},
    reporter::Reporter,
};

impl<E: Executor, R: Reporter> Life<E, R> {
    /// Puts what the step takes in into the workspace. Its container may be up already, and waits for the word.
    pub(super) async fn take_in(&mut self) -> Result<(), Failed> {
        if self.files.is_empty() {
            return Ok(());
        }
        let mut wish = self.wish.clone();
        tokio::select! {
            taken = self.take_all_in() => taken,
            _ = stopped(&mut wish) => Err(Failed::infra("it was stopped before it started")),
        }
    }

    async fn take_all_in(&self) -> Result<(), Failed> {
        self.restore_caches().await
    }

    /// Keeps what is to be kept of an ended step. Nobody hears of its end before that is done, so no later step changes the files,
    /// and whoever waits for the step finds them.
    pub(super) async fn keep(&mut self, ended_well: bool) -> Result<(), Failed> {
        if ended_well {
            self.caches.is_well(self.step);
        }
        self.keep_reports().await;
        Ok(())
    }
}
