//! What runners report.

use slipway_pipelines::{
    lease::Claim,
    state::{Finish, Illegal, JobEvent, JobState, Millis, Reason, StepEvent},
    wire::JobNews,
};

use super::{
    Store, StoreError, actions, attempts, commands, images, jobs,
    jobs::Job,
    model::TokenId,
    outputs, phases, pushed,
    settle::{change, settle},
    steps, usage, warnings,
    writer::Tx,
};
use crate::{clock, logs::LogAddress};

impl Store {
    /// Takes what happened to a job, all of it or nothing. What is already known is passed over, so that a report may
    /// be sent again. [`StoreError::Stale`] when the claim is not the current one.
    pub async fn take_events(&self, claim: Claim, news: Vec<JobNews>) -> Result<(), StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                let now = clock::now();
                let mut job = jobs::find(&mut *tx.connection, claim.job).await?.ok_or(StoreError::Stale)?;
                if job.attempt != claim.attempt || job.epoch != claim.epoch {
                    return match attempts::of_claim(&mut *tx.connection, claim).await? {
                        Some((JobState::Finished { finish, .. }, _)) => said_before(&finish, &news),
                        _ => Err(StoreError::Stale),
                    };
                }
                if let JobState::Finished { finish, .. } = &job.state {
                    return said_before(finish, &news);
                }
                if job.state.lease().is_none() {
                    return Err(StoreError::Stale);
                }
                for item in news {
                    // The end of an attempt began the next: nothing more is said about this one.
                    if job.attempt != claim.attempt {
                        return Err(StoreError::Stale);
                    }
                    take(tx, &mut job, claim, item, now).await?;
                }
                settle(tx, job.build, now).await
            })
        })
        .await
    }

    /// Whether a claim is the last lease of an attempt, and its runner came with this token.
    pub async fn last_held_by(&self, claim: Claim, token: &TokenId) -> Result<bool, StoreError> {
        let mut moment = self.readers.begin().await?;
        let Some(job) = jobs::find(&mut *moment, claim.job).await? else { return Ok(false) };
        let runner = if job.attempt == claim.attempt && job.epoch == claim.epoch {
            job.runner
        } else {
            attempts::of_claim(&mut *moment, claim).await?.and_then(|(_, runner)| runner)
        };
        drop(moment);
        let Some(runner) = runner else { return Ok(false) };
        Ok(self.runner(runner).await?.is_some_and(|runner| runner.token == *token))
    }
}

/// The job is finished already. A runner that says so again had no answer the first time; one that comes with other
/// news, or whose job was given up as lost, must stop.
fn said_before(finish: &Finish, news: &[JobNews]) -> Result<(), StoreError> {
    let ends = news.iter().any(|item| matches!(item, JobNews::Finished { .. }));
    if ends && finish.reason != Reason::Lost { Ok(()) } else { Err(StoreError::Stale) }
}

async fn take(tx: &mut Tx<'_>, job: &mut Job, claim: Claim, news: JobNews, now: Millis) -> Result<(), StoreError> {
    match news {
        JobNews::Step { step, event, log_bytes } => take_step(tx, job, step, bounded(event, now), log_bytes).await,
        JobNews::Outputs { step, values } => outputs::put(tx, job, step, values).await,
        JobNews::Command { step, number, offset, at } => {
            commands::put(tx, job, (step, number), offset, at.min(now)).await
        }
        JobNews::Image { step, image } => images::put(tx, job, step, image).await,
        JobNews::Phase { step, time } => phases::put(tx, job, step, time, now).await,
        JobNews::Usage { step, usage } => usage::put(tx, job, step, usage.not_after(now)).await,
        JobNews::Pushed { step, image } => pushed::put(tx, job, step, image).await,
        JobNews::Warning { step, text } => warnings::put(tx, job, step, &text, now).await,
        JobNews::CancelBuild { step } => {
            let name = steps::of_attempt(&mut *tx.connection, job.id, job.attempt)
                .await?
                .into_iter()
                .find(|detail| detail.position == step)
                .ok_or(StoreError::NoSuchStep(step))?
                .name;
            let finish = Finish::with_note(Reason::CancelledByStep, format!("step `{name}` of `{}` failed", job.name));
            actions::cancel_jobs(tx, job.build, &finish, now).await?;
            *job = jobs::find(&mut *tx.connection, job.id).await?.ok_or(StoreError::NotFound)?;
            Ok(())
        }
        JobNews::Finished { finish, at, kept: _ } => {
            let event = JobEvent::Finished { epoch: claim.epoch, finish, at: at.min(now) };
            unless_repeated(change(tx, job, event).await)
        }
    }
}

async fn take_step(
    tx: &mut Tx<'_>,
    job: &mut Job,
    step: usize,
    event: StepEvent,
    log_bytes: Option<u64>,
) -> Result<(), StoreError> {
    let address = (job.id, job.attempt, step);
    let state =
        steps::state(&mut *tx.connection, job.id, job.attempt, step).await?.ok_or(StoreError::NoSuchStep(step))?;
    if let StepEvent::Started { at } = event {
        let epoch = job.state.lease().map_or(job.epoch, |lease| lease.epoch);
        unless_repeated(change(tx, job, JobEvent::StepStarted { epoch, at }).await)?;
    }
    let ends = matches!(event, StepEvent::Finished { .. });
    match state.apply(event) {
        Ok(next) => steps::set_state(&mut *tx.connection, address, &next, log_bytes).await?,
        // Finished is final: what a restarted runner tells differently about an old end is not news.
        Err(Illegal::Repeated | Illegal::Finished) => {}
        Err(illegal @ (Illegal::Stale | Illegal::OutOfOrder)) => return Err(illegal.into()),
    }
    if ends {
        tx.effects.closed.push(LogAddress { job: job.id, attempt: job.attempt, step });
    }
    tx.effects.build(job.build);
    Ok(())
}

fn unless_repeated(result: Result<(), StoreError>) -> Result<(), StoreError> {
    match result {
        Err(StoreError::Illegal(Illegal::Repeated)) => Ok(()),
        Err(StoreError::Illegal(Illegal::Stale | Illegal::Finished)) => Err(StoreError::Stale),
        other => other,
    }
}

/// A runner's clock may be ahead; nothing happens in the future.
fn bounded(event: StepEvent, now: Millis) -> StepEvent {
    match event {
        StepEvent::Started { at } => StepEvent::Started { at: at.min(now) },
        StepEvent::Finished { finish, at } => StepEvent::Finished { finish, at: at.min(now) },
    }
}
