//! Table `artifacts`: files that steps kept.

use std::collections::{BTreeSet, HashSet};

use slipway_pipelines::{
    ids::{BuildId, JobId},
    lease::Claim,
    plan::{ArtifactsFrom, Files},
    state::Millis,
};
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::{
    Store, StoreError,
    codec::{parse, signed, unsigned},
    jobs,
    jobs::Job,
    model::{Artifact, ArtifactLimits, Gone, NewArtifact},
    outputs,
    row::row,
    writer::Tx,
};
use crate::clock;

const TABLE: &str = "artifacts";

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT artifacts.id, artifacts.build, jobs.position AS job, jobs.name AS job_name, artifacts.step, ",
            "steps.name AS step_name, artifacts.path, artifacts.size, artifacts.sha256, artifacts.executable, ",
            "artifacts.link, artifacts.created, artifacts.expires FROM artifacts ",
            "JOIN jobs ON jobs.id = artifacts.job AND jobs.attempt = artifacts.attempt ",
            "JOIN steps ON steps.job = artifacts.job AND steps.attempt = artifacts.attempt ",
            "AND steps.position = artifacts.step ",
            $rest,
            " ORDER BY jobs.position, artifacts.step, artifacts.path"
        )
    };
}

row! {
    struct Row {
        id: String,
        build: String,
        job: i64,
        job_name: String,
        step: i64,
        step_name: String,
        path: String,
        size: i64,
        sha256: String,
        executable: bool,
        link: Option<String>,
        created: i64,
        expires: i64,
    }
}

impl TryFrom<Row> for Artifact {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: parse(TABLE, &row.id)?,
            build: parse(TABLE, &row.build)?,
            job: unsigned(TABLE, row.job)?,
            job_name: row.job_name,
            step: unsigned(TABLE, row.step)?,
            step_name: row.step_name,
            path: row.path,
            size: unsigned(TABLE, row.size)?,
            sha256: row.sha256,
            executable: row.executable,
            link: row.link,
            created: row.created,
            expires: row.expires,
        })
    }
}

/// A step that keeps or takes artifacts.
#[derive(Clone, Debug)]
pub struct ArtifactGround {
    /// Its build.
    pub build: BuildId,
    /// What it keeps and takes.
    pub files: Files,
}

impl Store {
    /// The files of a step, of the job's plan.
    pub async fn artifact_ground(&self, job: JobId, step: usize) -> Result<ArtifactGround, StoreError> {
        let mut moment = self.readers.begin().await?;
        let found = jobs::find(&mut *moment, job).await?.ok_or(StoreError::NotFound)?;
        let plan = jobs::plan(&mut *moment, job).await?;
        let step = plan.steps.get(step).ok_or(StoreError::NoSuchStep(step))?;
        Ok(ArtifactGround { build: found.build, files: step.files.clone() })
    }

    /// Forgets what a step kept before. Gives what the build has now, in bytes and files, and what may go.
    pub async fn clear_artifacts(&self, claim: Claim, step: usize) -> Result<(u64, u64, Vec<Gone>), StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                let job = current(tx, claim).await?;
                let gone: Vec<(String, String)> = sqlx::query_as(
                    "DELETE FROM artifacts WHERE job = $1 AND attempt = $2 AND step = $3 RETURNING build, id",
                )
                .bind(job.id.to_string())
                .bind(i64::from(job.attempt))
                .bind(signed(step))
                .fetch_all(&mut *tx.connection)
                .await?;
                if !gone.is_empty() {
                    tx.effects.build(job.build);
                }
                let (bytes, files) = sums(&mut *tx.connection, job.build).await?;
                Ok((bytes, files, gone.into_iter().map(read_gone).collect::<Result<_, _>>()?))
            })
        })
        .await
    }

    /// Keeps a file. Gives what may go: an older one of its path, or, with `false`, itself when the build keeps too much.
    pub async fn put_artifact(
        &self,
        claim: Claim,
        new: NewArtifact,
        limits: ArtifactLimits,
    ) -> Result<(bool, Vec<Gone>), StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                let job = current(tx, claim).await?;
                let older: Vec<(String, String)> = sqlx::query_as(
                    "DELETE FROM artifacts WHERE job = $1 AND attempt = $2 AND step = $3 AND path = $4 \
                     RETURNING build, id",
                )
                .bind(job.id.to_string())
                .bind(i64::from(job.attempt))
                .bind(signed(new.step))
                .bind(&new.path)
                .fetch_all(&mut *tx.connection)
                .await?;
                let mut gone: Vec<Gone> = older.into_iter().map(read_gone).collect::<Result<_, _>>()?;
                let (bytes, files) = sums(&mut *tx.connection, job.build).await?;
                let fits = bytes.saturating_add(new.size) <= limits.build_bytes && files < limits.build_files;
                if fits {
                    insert(tx, &job, &new).await?;
                } else {
                    gone.push((job.build, new.id));
                }
                tx.effects.build(job.build);
                Ok((fits, gone))
            })
        })
        .await
    }

    /// What a build has now: of the last attempt of each job, nothing that is over its time. By job, step and path.
    pub async fn artifacts(&self, build: BuildId) -> Result<Vec<Artifact>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(select!("WHERE artifacts.build = $1 AND artifacts.expires > $2"))
            .bind(build.to_string())
            .bind(clock::now())
            .fetch_all(&self.readers)
            .await?;
        rows.into_iter().map(Artifact::try_from).collect()
    }

    /// What a job gets of a workflow: of the last attempts of the jobs that it needs, directly or not.
    pub async fn artifacts_for(&self, job: JobId, from: &ArtifactsFrom) -> Result<Vec<Artifact>, StoreError> {
        let mut moment = self.readers.begin().await?;
        let asking = jobs::find(&mut *moment, job).await?.ok_or(StoreError::NotFound)?;
        let all = jobs::of_build(&mut *moment, asking.build).await?;
        drop(moment);
        let needed = outputs::needed(&all, asking.position);
        let of: BTreeSet<usize> = all
            .iter()
            .filter(|job| job.workflow == from.workflow && needed.contains(&job.position))
            .map(|job| job.position)
            .collect();
        let mut artifacts = self.artifacts(asking.build).await?;
        artifacts.retain(|artifact| of.contains(&artifact.job));
        Ok(artifacts)
    }

    /// Forgets artifacts that are over their time, so many at most.
    pub async fn expire_artifacts(&self, now: Millis, most: u32) -> Result<Vec<Gone>, StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                let gone: Vec<(String, String)> = sqlx::query_as(
                    "DELETE FROM artifacts WHERE id IN \
                     (SELECT id FROM artifacts WHERE expires <= $1 ORDER BY expires LIMIT $2) RETURNING build, id",
                )
                .bind(now)
                .bind(i64::from(most))
                .fetch_all(&mut *tx.connection)
                .await?;
                gone.into_iter().map(read_gone).collect()
            })
        })
        .await
    }

    /// Which of a build's artifacts have rows.
    pub async fn artifact_ids(&self, build: BuildId) -> Result<HashSet<Uuid>, StoreError> {
        let ids: Vec<String> = sqlx::query_scalar("SELECT id FROM artifacts WHERE build = $1")
            .bind(build.to_string())
            .fetch_all(&self.readers)
            .await?;
        ids.iter().map(|id| parse(TABLE, id)).collect()
    }
}

/// The job of a claim whose lease is in force.
async fn current(tx: &mut Tx<'_>, claim: Claim) -> Result<Job, StoreError> {
    let job = jobs::find(&mut *tx.connection, claim.job).await?.ok_or(StoreError::Stale)?;
    let is_current = job.attempt == claim.attempt && job.epoch == claim.epoch && job.state.lease().is_some();
    if is_current { Ok(job) } else { Err(StoreError::Stale) }
}

/// Bytes and files of a build, all attempts: that is what they take.
async fn sums(db: &mut SqliteConnection, build: BuildId) -> Result<(u64, u64), StoreError> {
    let (bytes, files): (i64, i64) =
        sqlx::query_as("SELECT COALESCE(SUM(size), 0), COUNT(*) FROM artifacts WHERE build = $1")
            .bind(build.to_string())
            .fetch_one(db)
            .await?;
    Ok((unsigned(TABLE, bytes)?, unsigned(TABLE, files)?))
}

async fn insert(tx: &mut Tx<'_>, job: &Job, new: &NewArtifact) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO artifacts (id, build, job, attempt, step, path, size, sha256, executable, link, created, expires) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(new.id.to_string())
    .bind(job.build.to_string())
    .bind(job.id.to_string())
    .bind(i64::from(job.attempt))
    .bind(signed(new.step))
    .bind(&new.path)
    .bind(signed(new.size))
    .bind(&new.sha256)
    .bind(new.executable)
    .bind(&new.link)
    .bind(clock::now())
    .bind(new.expires)
    .execute(&mut *tx.connection)
    .await?;
    Ok(())
}

fn read_gone((build, id): (String, String)) -> Result<Gone, StoreError> {
    Ok((parse(TABLE, &build)?, parse(TABLE, &id)?))
}
