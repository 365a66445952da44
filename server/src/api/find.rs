//! From names in a path to rows, or a 404 that says what is missing.

use slipway_pipelines::{repository::RepositoryName, suggest::did_you_mean};

use crate::{
    app::App,
    error::ApiError,
    logs::LogAddress,
    store::model::{BuildDetail, JobDetail, Repository},
};

/// The repository of this name.
pub(crate) async fn find_repository(app: &App, owner: &str, name: &str) -> Result<Repository, ApiError> {
    let known = match RepositoryName::new(owner, name) {
        Ok(name) => app.store.repository(&name).await?,
        Err(_) => None,
    };
    if let Some(repository) = known {
        return Ok(repository);
    }
    let asked = format!("{owner}/{name}");
    let all = app.store.repositories_names().await?;
    let near = did_you_mean(&asked, all.iter().map(String::as_str));
    let help = near.unwrap_or_else(|| "push to its git remote, or register it with POST /api/v1/repos".to_owned());
    Err(ApiError::not_found(format!("there is no repository `{asked}`")).help(help))
}

/// The build of this number.
pub(crate) async fn find_build(app: &App, owner: &str, name: &str, number: &str) -> Result<BuildDetail, ApiError> {
    let repository = find_repository(app, owner, name).await?;
    let found = match number.parse() {
        Ok(number) => app.store.build(repository.id, number).await?,
        Err(_) => None,
    };
    if let Some(build) = found {
        return Ok(build);
    }
    let newest = app.store.builds(repository.id, None, 1).await?;
    let help = match newest.first() {
        Some(newest) => format!("the newest is build {}", newest.number),
        None => "it has none yet: push to it, or start one by hand".to_owned(),
    };
    Err(ApiError::not_found(format!("`{owner}/{name}` has no build `{number}`")).help(help))
}

/// The name that somebody may have meant, else the first of those that there are.
fn among<'a>(asked: &str, names: impl Iterator<Item = &'a str> + Clone) -> String {
    const SHOWN: usize = 8;
    did_you_mean(asked, names.clone()).unwrap_or_else(|| {
        let shown: Vec<String> = names.clone().take(SHOWN).map(|name| format!("`{name}`")).collect();
        let more = names.skip(SHOWN).count();
        match (shown.len(), more) {
            (0, _) => "it has none".to_owned(),
            (_, 0) => format!("it has {}", shown.join(", ")),
            _ => format!("it has {} and {more} more", shown.join(", ")),
        }
    })
}

/// A step's log, and the attempt of the job that it belongs to.
#[derive(Debug)]
pub(crate) struct StepLog {
    /// Where it is.
    pub(crate) address: LogAddress,
    /// The job, at that attempt.
    pub(crate) job: JobDetail,
    /// Position of the step in the job.
    pub(crate) step: usize,
}

/// A step of a build by names or positions, in an attempt or in the last one; where it ran, if it did not run again in that one.
pub(crate) async fn find_step(
    app: &App,
    build: &BuildDetail,
    job: &str,
    step: &str,
    attempt: Option<u32>,
) -> Result<StepLog, ApiError> {
    let current = pick(&build.jobs, job, |job| &job.name).ok_or_else(|| {
        let error = ApiError::not_found(format!("build {} has no job `{job}`", build.summary.number));
        error.help(among(job, build.jobs.iter().map(|job| job.name.as_str())))
    })?;
    let job = match attempt {
        Some(attempt) if attempt != current.attempt => app
            .store
            .job_attempt(current.id, attempt)
            .await?
            .ok_or_else(|| ApiError::not_found(format!("job `{}` has no attempt {attempt}", current.name)))?,
        _ => current.clone(),
    };
    let found = pick(&job.steps, step, |step| &step.name).ok_or_else(|| {
        let error = ApiError::not_found(format!("job `{}` has no step `{step}`", job.name));
        error.help(among(step, job.steps.iter().map(|step| step.name.as_str())))
    })?;
    let step = found.position;
    // What did not run again in that attempt has its log in the one that it ran in.
    let job = match found.ran_in {
        Some(ran_in) => app.store.job_attempt(job.id, ran_in).await?.unwrap_or(job),
        None => job,
    };
    Ok(StepLog { address: LogAddress { job: job.id, attempt: job.attempt, step }, job, step })
}

/// By position from 0, else by name.
fn pick<'a, T>(all: &'a [T], wanted: &str, name: impl Fn(&T) -> &str) -> Option<&'a T> {
    let position: Option<usize> = wanted.parse().ok();
    position.and_then(|at| all.get(at)).or_else(|| all.iter().find(|one| name(one) == wanted))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_position_comes_before_a_name() {
        let all = ["1", "build", "7"].map(str::to_owned);
        let pick = |wanted| all.iter().position(|one| super::pick(&all, wanted, |one| one).is_some_and(|it| it == one));
        assert_eq!(
            [pick("0"), pick("1"), pick("build"), pick("7"), pick("9")],
            [Some(0), Some(1), Some(1), Some(2), None]
        );
    }
}
