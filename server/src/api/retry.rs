//! Running a finished build again.

use axum::{Json, extract::State};
use serde::Deserialize;

use super::{JsonBody, UrlPath, find_build, shape::BuildDetailJson};
use crate::{app::App, auth::Admin, error::ApiError, store::model::Again};

/// What is to run again: the body of `POST …/retry`, and the query of the page's buttons.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Retry {
    what: Option<What>,
    job: Option<String>,
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
    pub(crate) fn again(self) -> Result<Again, ApiError> {
        match (self.what, self.job) {
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

/// `POST …/retry`: the build as it is then, under the same number.
pub(crate) async fn retry(
    who: Admin,
    State(app): State<App>,
    UrlPath((owner, name, number)): UrlPath<(String, String, String)>,
    JsonBody(body): JsonBody<Retry>,
) -> Result<Json<BuildDetailJson>, ApiError> {
    let again = body.again()?;
    let build = find_build(&app, &owner, &name, &number).await?;
    app.retry_build(build.summary.id, again, &who.name).await?;
    let build = app.store.build_by_id(build.summary.id).await?.unwrap_or(build);
    Ok(Json(BuildDetailJson::new(&build, &app.config.public_url)))
}
