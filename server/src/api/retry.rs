//! Running a finished build again.

use axum::{Json, extract::State};
use serde::Deserialize;

use super::{JsonBody, UrlPath, find_build, shape::BuildDetailJson};
use crate::{
    app::App,
    auth::Admin,
    error::ApiError,
    store::model::{Again, FromFailed},
};

/// What is to run again: the body of `POST …/retry`, and the query of the page's buttons.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Retry {
    what: Option<What>,
    job: Option<String>,
    from: Option<From>,
}

/// Where a job that failed begins.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum From {
    Start,
    Failed,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    Failed,
    All,
    Job,
}

impl Retry {
    /// The choice, if it is one.
    pub(crate) fn again(self, app: &App) -> Result<Again, ApiError> {
        match (self.what, self.job, self.from) {
            (None | Some(What::Failed), None, Some(From::Failed)) => Ok(from_failed(app, None)),
            (None | Some(What::Job), Some(job), Some(From::Failed)) => Ok(from_failed(app, Some(job))),
            (Some(What::All), None, Some(From::Failed)) => {
                Err(ApiError::bad_request("`what` is `all`, and `from` is `failed`").help("send one of the two"))
            }
            (what, job, _) => Self::from_start(what, job),
        }
    }

    fn from_start(what: Option<What>, job: Option<String>) -> Result<Again, ApiError> {
        match (what, job) {
            (None, None) => Ok(Again::Needed),
            (Some(What::Failed), None) => Ok(Again::Failed),
            (Some(What::All), None) => Ok(Again::All),
            (None | Some(What::Job), Some(job)) => Ok(Again::Job(job)),
            (Some(What::Job), None) => {
                Err(ApiError::bad_request("`what` is `job`, and no job is named").help("add its name as `job`"))
            }
            (Some(What::Failed | What::All), Some(_)) => {
                Err(ApiError::bad_request("a job is named, and `what` is not `job`").help("send one of the two"))
            }
        }
    }
}

fn from_failed(app: &App, job: Option<String>) -> Again {
    Again::FromFailed(FromFailed { job, kept: app.dispatcher.kept() })
}

/// `POST …/retry`: the build as it is then, under the same number.
pub(crate) async fn retry(
    who: Admin,
    State(app): State<App>,
    UrlPath((owner, name, number)): UrlPath<(String, String, String)>,
    JsonBody(body): JsonBody<Retry>,
) -> Result<Json<BuildDetailJson>, ApiError> {
    let again = body.again(&app)?;
    let build = find_build(&app, &owner, &name, &number).await?;
    app.retry_build(build.summary.id, again, &who.name).await?;
    let build = app.store.build_by_id(build.summary.id).await?.unwrap_or(build);
    Ok(Json(BuildDetailJson::new(&build, &app.config.public_url)))
}
