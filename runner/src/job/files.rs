//! Files around a step: what comes into the workspace before it starts, and what is kept when it has ended.

mod artifacts;
mod caches;
mod found;
mod reports;
mod sort;

use std::time::Duration;

use tokio::time;

use super::live::{Life, Wish, stopped};
use crate::{
    executor::{Executor, Failed},
    reporter::Reporter,
};

/// How long the files of a step that ran for too long may take.
const PATIENCE: Duration = Duration::from_secs(600);

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
        self.restore_caches().await?;
        self.take_artifacts().await
    }

    /// Keeps what is to be kept of an ended step. Nobody hears of its end before that is done, so no later step changes the files,
    /// and whoever waits for the step finds them.
    pub(super) async fn keep(&mut self, ended_well: bool) -> Result<(), Failed> {
        if ended_well {
            self.caches.is_well(self.step);
        }
        self.keep_reports().await;
        let is_stopped = matches!(*self.wish.borrow(), Wish::Stop(_));
        // Of one that is taken away nothing is kept. One that ran for too long has failed by itself.
        if self.files.is_empty() || is_stopped && !self.is_overdue {
            return Ok(());
        }
        let mut wish = self.wish.clone();
        let kept = tokio::select! {
            kept = self.keep_all_of_it(ended_well) => kept,
            _ = stopped(&mut wish), if !is_stopped => Err(Failed::infra("it was stopped while its files were kept")),
            () = time::sleep(PATIENCE), if is_stopped => Err(Failed::infra("its files were not kept in time")),
        };
        match kept {
            // Why it failed by itself says more.
            Err(failed) if !ended_well => {
                self.remark(failed.message);
                Ok(())
            }
            kept => kept,
        }
    }

    async fn keep_all_of_it(&self, ended_well: bool) -> Result<(), Failed> {
        if let Some(artifacts) = self.files.artifacts.as_ref().filter(|artifacts| artifacts.on.fits(ended_well)) {
            self.keep_artifacts(artifacts, ended_well).await?;
        }
        Ok(())
    }
}
