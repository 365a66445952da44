//! Carries a step's log from the spool to whoever stores it.

use std::sync::Arc;

use slipway_pipelines::wire::MAX_APPEND_BYTES;

use crate::{
    reporter::{Fenced, Reporter},
    spool::StepLog,
};

/// Sends the log from `committed` on until it is closed and all of it is stored; gives the stored length in bytes.
///
/// The first bytes go at once. While a request is under way more gather, so a busy log goes in large pieces and a quiet one
/// without delay.
///
/// # Errors
///
/// The job is not ours any more.
pub async fn ship<R: Reporter>(reporter: R, step: usize, log: Arc<StepLog>, committed: u64) -> Result<u64, Fenced> {
    let mut length = log.length();
    let mut committed = committed;
    loop {
        let now = match length.wait_for(|length| length.bytes > committed || length.closed).await {
            Ok(now) => *now,
            Err(_) => return Ok(committed),
        };
        if now.bytes <= committed {
            return Ok(committed);
        }
        match log.read(committed, MAX_APPEND_BYTES) {
            Ok(bytes) if bytes.is_empty() => {}
            Ok(bytes) => committed = reporter.append(step, committed, bytes).await?,
            Err(error) => {
                tracing::error!(%error, step, "cannot read a log back");
                return Ok(committed);
            }
        }
    }
}

#[cfg(test)]
mod tests;
