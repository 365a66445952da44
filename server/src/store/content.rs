//! Making a build: one transaction for its number, its delivery, its jobs and their steps. The compiler runs before it.

use std::{collections::BTreeSet, sync::Arc};

use slipway_pipelines::{
    ids::{BuildId, JobId},
    state::{BuildState, Finish, JobState, Reason},
    trigger::Event,
};
use sqlx::{SqliteConnection, SqliteExecutor};
use uuid::Uuid;

use super::{
    Store, StoreError, blocked, builds,
    codec::{signed, to_json, unsigned},
    deliveries, groups, heads, jobs,
    model::{BuildContent, BuildRef, BuildSeed, DeliveryState, NewBuild},
    repositories,
    settle::settle,
    steps,
    writer::Tx,
};
use crate::{clock, links};

impl Store {
    /// Makes a build. `make` is given its number and the build before it, and says what it consists of. It runs on a
    /// thread where it may take its time, outside of any transaction; builds of one repository take turns. A delivery
    /// that already has a build gives that one, and `make` is not called.
    pub async fn create_build(
        &self,
        new: NewBuild,
        make: impl FnOnce(&BuildSeed) -> BuildContent + Clone + Send + 'static,
    ) -> Result<BuildRef, StoreError> {
        let _turn = self.creating.lock(new.repository).await;
        let new = Arc::new(new);
        loop {
            let seed = match self.seed(&new).await? {
                Next::Make(seed) => *seed,
                Next::Made(build) => return Ok(build),
            };
            let make = make.clone();
            let made = tokio::task::spawn_blocking(move || (make(&seed), seed)).await;
            let (content, seed) = made.map_err(|_| StoreError::Panicked)?;
            // Only another server on the same database could have taken the number meanwhile.
            if let Some(build) = self.fill(Arc::clone(&new), seed, content).await? {
                return Ok(build);
            }
        }
    }

    async fn seed(&self, new: &NewBuild) -> Result<Next, StoreError> {
        let mut moment = self.readers.begin().await?;
        if let Some(made) = made_before(&mut moment, new).await? {
            return Ok(Next::Made(made));
        }
        let number = repositories::last_number(&mut *moment, new.repository).await? + 1;
        let place = (new.repository, new.trigger.branch(), number);
        let url = |name: &_, number| format!("{}{}", self.public_url, links::build(name, number));
        Ok(Next::Make(Box::new(BuildSeed {
            id: BuildId(Uuid::now_v7()),
            number: unsigned("builds", number)?,
            created: clock::now(),
            previous: builds::previous(&mut *moment, place, url).await?,
        })))
    }

    /// `None` when the number is taken.
    async fn fill(
        &self,
        new: Arc<NewBuild>,
        seed: BuildSeed,
        content: BuildContent,
    ) -> Result<Option<BuildRef>, StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                if let Some(made) = made_before(&mut *tx.connection, &new).await? {
                    return Ok(Some(made));
                }
                if !repositories::take_number(&mut *tx.connection, new.repository, (seed.number, seed.created)).await? {
                    return Ok(None);
                }
                fill(tx, &new, &seed, &content).await?;
                Ok(Some(BuildRef { id: seed.id, number: seed.number }))
            })
        })
        .await
    }
}

/// What is to be done for a new build.
enum Next {
    Make(Box<BuildSeed>),
    Made(BuildRef),
}

/// The build that a delivery has made already.
async fn made_before(db: &mut SqliteConnection, new: &NewBuild) -> Result<Option<BuildRef>, StoreError> {
    let Some(delivery) = new.delivery else { return Ok(None) };
    Ok(match deliveries::delivery_state(db, delivery).await? {
        DeliveryState::Built { build, number } => Some(BuildRef { id: build, number }),
        DeliveryState::Received | DeliveryState::Ignored { .. } | DeliveryState::Failed { .. } => None,
    })
}

async fn fill(tx: &mut Tx<'_>, new: &NewBuild, seed: &BuildSeed, content: &BuildContent) -> Result<(), StoreError> {
    insert(&mut *tx.connection, new, seed, content).await?;
    heads::moved(&mut *tx.connection, new.repository, &new.trigger, seed.number).await?;
    if let Some(delivery) = new.delivery {
        let state = DeliveryState::Built { build: seed.id, number: seed.number };
        deliveries::set_state(&mut *tx.connection, delivery, &state).await?;
    }
    let compilation = &content.compilation;
    let without_jobs = compilation.has_errors().then_some(content.fault);
    let jobs = if without_jobs.is_some() { &[][..] } else { &compilation.jobs[..] };
    let first = if new.trigger.needs_approval() { JobState::Blocked } else { JobState::Waiting };
    for (position, job) in jobs.iter().enumerate() {
        let id = JobId(Uuid::now_v7());
        jobs::insert(&mut *tx.connection, (id, seed.id, position), new.repository, job, &first).await?;
        steps::insert(&mut *tx.connection, id, &job.plan).await?;
    }
    let superseding = jobs.iter().filter_map(|job| job.concurrency.as_ref()).filter(|group| group.cancel_superseded);
    for group in superseding.map(|group| &group.group).collect::<BTreeSet<_>>() {
        let group = jobs::group(new.repository, group);
        groups::supersede(tx, (seed.id, seed.number), &new.trigger.reference, &group).await?;
    }
    if new.trigger.event() == Event::PullRequest && new.trigger.needs_approval() {
        let why = format!("build {} is of newer commits", seed.number);
        blocked::supersede(tx, new.repository, &new.trigger.reference, Some(seed.id), &why).await?;
    }
    if !jobs.is_empty() {
        return settle(tx, seed.id, seed.created).await;
    }
    let finish = Finish::because(without_jobs.unwrap_or(Reason::Condition));
    let state =
        BuildState { status: finish.status(), finish: Some(finish), started: None, finished: Some(seed.created) };
    tx.effects.build(seed.id);
    builds::set_state(&mut *tx.connection, seed.id, &state).await
}

async fn insert(
    db: impl SqliteExecutor<'_>,
    new: &NewBuild,
    seed: &BuildSeed,
    content: &BuildContent,
) -> Result<(), StoreError> {
    const TABLE: &str = "builds";
    sqlx::query(
        "INSERT INTO builds (id, repository, number, trigger_json, branch, parent, delivery, left_out, diagnostics, \
         diagnostics_text, status, created, event, author, sha) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'pending', $11, $12, $13, $14)",
    )
    .bind(seed.id.to_string())
    .bind(new.repository.to_string())
    .bind(signed(seed.number))
    .bind(to_json(TABLE, &new.trigger)?)
    .bind(new.trigger.branch())
    .bind(new.parent.map(signed))
    .bind(new.delivery.map(|id| id.to_string()))
    .bind(to_json(TABLE, &content.compilation.left_out)?)
    .bind(to_json(TABLE, &content.compilation.diagnostics)?)
    .bind(&content.diagnostics_text)
    .bind(seed.created)
    .bind(new.trigger.event().as_str())
    .bind(&new.trigger.author.name)
    .bind(&new.trigger.sha)
    .execute(db)
    .await?;
    Ok(())
}
