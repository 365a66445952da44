//! Table `reports`: files of results or coverage, as one try of a step left them.

use slipway_pipelines::{
    ids::{BuildId, RepositoryId},
    wire::{MOST_PART_ITEMS, ReportContent, ReportPart, Reported},
};
use sqlx::{SqliteConnection, SqliteExecutor};

use super::{
    Store, StoreError, builds,
    codec::{signed, unsigned},
    coverage, jobs,
    jobs::Job,
    results,
    results::Place,
    row::row,
    warnings,
    writer::Tx,
};
use crate::clock;

const TABLE: &str = "reports";
/// Most test cases of a build, and most files with coverage.
const MOST_ROWS: u64 = 200_000;
/// Most bytes of messages of a build; those beyond are cut short.
const MOST_MESSAGES: u64 = 16 << 20;

/// The reports that count: of the last try of each step in the last attempt of each job.
macro_rules! counting {
    ($rest:literal) => {
        concat!(
            " reports JOIN jobs ON jobs.id = reports.job AND jobs.attempt = reports.attempt ",
            $rest,
            " AND NOT reports.superseded "
        )
    };
}
pub(super) use counting;

/// Sums over rows.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Sums {
    pub(super) passed: u64,
    pub(super) failed: u64,
    pub(super) skipped: u64,
    pub(super) duration_ms: u64,
    pub(super) message_bytes: u64,
    pub(super) files: u64,
}

row! {
    struct Known {
        id: i64,
        parts: i64,
    }
}

impl Store {
    /// Takes a part of a report. One that came before is passed over. [`StoreError::Stale`] when the claim is not in force.
    pub async fn take_report(&self, reported: Reported) -> Result<(), StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                let Reported { claim, report } = reported;
                let job = jobs::find(&mut *tx.connection, claim.job).await?.ok_or(StoreError::Stale)?;
                let is_held = job.state.lease().is_some_and(|lease| lease.epoch == claim.epoch);
                if job.attempt != claim.attempt || !is_held {
                    return Err(StoreError::Stale);
                }
                take(tx, &job, report).await
            })
        })
        .await
    }
}

async fn take(tx: &mut Tx<'_>, job: &Job, report: ReportPart) -> Result<(), StoreError> {
    let (step, path) = (report.step, report.path.clone());
    let (repository, build) = builds::find(&mut *tx.connection, job.build).await?.ok_or(StoreError::NotFound)?;
    let known = match known(&mut *tx.connection, job, &report).await? {
        Some(known) => known,
        None => begin(tx, job, &report, repository, (build.number, &build.trigger.sha)).await?,
    };
    if i64::from(report.part) < known.parts {
        return Ok(());
    }
    if i64::from(report.part) > known.parts {
        return Err(StoreError::Gap);
    }
    let name = step_name(&mut *tx.connection, job, step).await?;
    let before = sums(&mut *tx.connection, job.build).await?;
    let place = Place { repository, number: build.number, job: &job.name, step: &name, report: known.id };
    let mut added = Sums::default();
    let left_out = match report.content {
        ReportContent::Tests(mut cases) => {
            cases.truncate(MOST_PART_ITEMS);
            let room = MOST_ROWS.saturating_sub(before.passed + before.failed + before.skipped);
            let left_out = cut(&mut cases, room);
            let room = MOST_MESSAGES.saturating_sub(before.message_bytes);
            results::put(&mut *tx.connection, &place, report.part, &cases, room, &mut added).await?;
            left_out.then(|| format!("report `{path}`: a build keeps {MOST_ROWS} test cases; the rest is left out"))
        }
        ReportContent::Coverage(mut files) => {
            let left_out = cut(&mut files, MOST_ROWS.saturating_sub(before.files));
            coverage::put(&mut *tx.connection, known.id, &files, &mut added).await?;
            left_out.then(|| format!("report `{path}`: a build keeps {MOST_ROWS} files; the rest is left out"))
        }
    };
    add(&mut *tx.connection, known.id, &added).await?;
    tx.effects.build(job.build);
    match left_out {
        Some(text) => warnings::put(tx, job, Some(step), &text, clock::now()).await,
        None => Ok(()),
    }
}

/// Keeps what there is room for; says whether something had to go.
fn cut<T>(all: &mut Vec<T>, room: u64) -> bool {
    let room = usize::try_from(room).unwrap_or(usize::MAX);
    let too_many = all.len() > room;
    all.truncate(room);
    too_many
}

async fn known(db: impl SqliteExecutor<'_>, job: &Job, report: &ReportPart) -> Result<Option<Known>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT id, parts FROM reports \
         WHERE job = $1 AND attempt = $2 AND step = $3 AND tries = $4 AND kind = $5 AND path = $6",
    )
    .bind(job.id.to_string())
    .bind(i64::from(job.attempt))
    .bind(signed(report.step))
    .bind(i64::from(report.tries))
    .bind(report.kind.as_str())
    .bind(&report.path)
    .fetch_optional(db)
    .await?)
}

/// Makes the row of a report that the plan knows of; takes the place of those of the step's earlier tries.
async fn begin(
    tx: &mut Tx<'_>,
    job: &Job,
    report: &ReportPart,
    repository: RepositoryId,
    (number, sha): (u64, &str),
) -> Result<Known, StoreError> {
    let plan = jobs::plan(&mut *tx.connection, job.id).await?;
    let step = plan.steps.get(report.step).ok_or(StoreError::NoSuchStep(report.step))?;
    if !step.files.reports.iter().any(|declared| declared.kind == report.kind) {
        return Err(StoreError::NoSuchStep(report.step));
    }
    let (job_id, attempt, at) = (job.id.to_string(), i64::from(job.attempt), signed(report.step));
    sqlx::query("UPDATE reports SET superseded = TRUE WHERE job = $1 AND attempt = $2 AND step = $3 AND tries < $4")
        .bind(&job_id)
        .bind(attempt)
        .bind(at)
        .bind(i64::from(report.tries))
        .execute(&mut *tx.connection)
        .await?;
    let id: i64 =
        sqlx::query_scalar("SELECT COALESCE(MAX(id), 0) + 1 FROM reports").fetch_one(&mut *tx.connection).await?;
    sqlx::query(
        "INSERT INTO reports (id, repository, build, number, sha, job, attempt, step, tries, kind, path, parts, superseded) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, FALSE)",
    )
    .bind(id)
    .bind(repository.to_string())
    .bind(job.build.to_string())
    .bind(signed(number))
    .bind(sha)
    .bind(&job_id)
    .bind(attempt)
    .bind(at)
    .bind(i64::from(report.tries))
    .bind(report.kind.as_str())
    .bind(&report.path)
    .execute(&mut *tx.connection)
    .await?;
    Ok(Known { id, parts: 0 })
}

async fn step_name(db: impl SqliteExecutor<'_>, job: &Job, step: usize) -> Result<String, StoreError> {
    let name: Option<String> =
        sqlx::query_scalar("SELECT name FROM steps WHERE job = $1 AND attempt = $2 AND position = $3")
            .bind(job.id.to_string())
            .bind(i64::from(job.attempt))
            .bind(signed(step))
            .fetch_optional(db)
            .await?;
    name.ok_or(StoreError::NoSuchStep(step))
}

/// Of all reports of a build, also of those that do not count any more.
async fn sums(db: impl SqliteExecutor<'_>, build: BuildId) -> Result<Sums, StoreError> {
    sum(sqlx::query_as(
        "SELECT SUM(passed), SUM(failed), SUM(skipped), SUM(duration_ms), SUM(message_bytes), SUM(files) \
             FROM reports WHERE build = $1",
    )
    .bind(build.to_string())
    .fetch_one(db)
    .await?)
}

/// Of those of test results that count; `None` when there is none.
pub(super) async fn counting_sums(db: impl SqliteExecutor<'_>, build: BuildId) -> Result<Option<Sums>, StoreError> {
    let row: Row = sqlx::query_as(concat!(
        "SELECT SUM(passed), SUM(failed), SUM(skipped), SUM(duration_ms), SUM(message_bytes), SUM(files) FROM ",
        counting!("WHERE reports.build = $1 AND reports.kind = 'junit'")
    ))
    .bind(build.to_string())
    .fetch_one(db)
    .await?;
    if row.0.is_none() { Ok(None) } else { sum(row).map(Some) }
}

type Row = (Option<i64>, Option<i64>, Option<i64>, Option<i64>, Option<i64>, Option<i64>);

fn sum((passed, failed, skipped, duration, messages, files): Row) -> Result<Sums, StoreError> {
    let number = |sum: Option<i64>| unsigned(TABLE, sum.unwrap_or(0));
    Ok(Sums {
        passed: number(passed)?,
        failed: number(failed)?,
        skipped: number(skipped)?,
        duration_ms: number(duration)?,
        message_bytes: number(messages)?,
        files: number(files)?,
    })
}

async fn add(db: &mut SqliteConnection, id: i64, added: &Sums) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE reports SET parts = parts + 1, passed = passed + $2, failed = failed + $3, skipped = skipped + $4, \
         duration_ms = duration_ms + $5, message_bytes = message_bytes + $6, files = files + $7 WHERE id = $1",
    )
    .bind(id)
    .bind(signed(added.passed))
    .bind(signed(added.failed))
    .bind(signed(added.skipped))
    .bind(signed(added.duration_ms))
    .bind(signed(added.message_bytes))
    .bind(signed(added.files))
    .execute(db)
    .await?;
    Ok(())
}

/// Forgets those of an attempt that starts from its beginning.
pub(super) async fn forget(db: impl SqliteExecutor<'_>, job: &Job) -> Result<(), StoreError> {
    let sql = "DELETE FROM reports WHERE job = $1 AND attempt = $2 AND step NOT IN \
               (SELECT position FROM steps WHERE job = $1 AND attempt = $2 AND ran_in IS NOT NULL)";
    sqlx::query(sql).bind(job.id.to_string()).bind(i64::from(job.attempt)).execute(db).await?;
    Ok(())
}
