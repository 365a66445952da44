//! Making a build: one transaction for its number, its delivery, its jobs and their steps.

use slipway_pipelines::{
    ids::{BuildId, JobId},
    state::{BuildState, Finish, Reason},
};
use sqlx::SqliteExecutor;
use uuid::Uuid;

use super::{
    Store, StoreError, builds,
    codec::{signed, to_json, unsigned},
    deliveries, jobs,
    model::{BuildContent, BuildRef, BuildSeed, DeliveryState, NewBuild},
    repositories,
    settle::settle,
    steps,
    writer::Tx,
};
use crate::{clock, links};

impl Store {
    /// Makes a build. `make` is given its number and the build before it, and says what it consists of; it runs inside
    /// the transaction and must not do I/O. A delivery that already has a build gives that one, and `make` is not called.
    pub async fn create_build(
        &self,
        new: NewBuild,
        make: impl FnOnce(&BuildSeed) -> BuildContent + Send + 'static,
    ) -> Result<BuildRef, StoreError> {
        let public_url = self.public_url.clone();
        self.write(move |tx| {
            Box::pin(async move {
                if let Some(delivery) = new.delivery
                    && let DeliveryState::Built { build, number } =
                        deliveries::delivery_state(&mut *tx.connection, delivery).await?
                {
                    return Ok(BuildRef { id: build, number });
                }
                let number = repositories::next_number(&mut *tx.connection, new.repository).await?;
                let place = (new.repository, new.trigger.branch(), number);
                let url = |name: &_, number| format!("{public_url}{}", links::build(name, number));
                let seed = BuildSeed {
                    id: BuildId(Uuid::now_v7()),
                    number: unsigned("builds", number)?,
                    created: clock::now(),
                    previous: builds::previous(&mut *tx.connection, place, url).await?,
                };
                let content = make(&seed);
                fill(tx, &new, &seed, &content).await?;
                Ok(BuildRef { id: seed.id, number: seed.number })
            })
        })
        .await
    }
}

async fn fill(tx: &mut Tx<'_>, new: &NewBuild, seed: &BuildSeed, content: &BuildContent) -> Result<(), StoreError> {
    insert(&mut *tx.connection, new, seed, content).await?;
    if let Some(delivery) = new.delivery {
        let state = DeliveryState::Built { build: seed.id, number: seed.number };
        deliveries::set_state(&mut *tx.connection, delivery, &state).await?;
    }
    let compilation = &content.compilation;
    let without_jobs = compilation.has_errors().then_some(content.fault);
    let jobs = if without_jobs.is_some() { &[][..] } else { &compilation.jobs[..] };
    for (position, job) in jobs.iter().enumerate() {
        let id = JobId(Uuid::now_v7());
        jobs::insert(&mut *tx.connection, (id, seed.id, position), job).await?;
        steps::insert(&mut *tx.connection, id, &job.plan).await?;
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
         diagnostics_text, status, created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'pending', $11)",
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
    .execute(db)
    .await?;
    Ok(())
}
