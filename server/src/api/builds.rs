//! Builds: lists, one, and what can be done with it.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
};
use serde::Deserialize;
use slipway_pipelines::parameter::Parameter;

use super::{
    FilterQuery, JsonBody, UrlPath, UrlQuery, find_build, find_repository, query_of,
    shape::{BuildDetailJson, BuildJson},
};
use crate::{
    app::App,
    auth::Admin,
    error::ApiError,
    intake::{self, Target},
    links::escape,
    store::model::BuildDetail,
};

const LIMIT: u32 = 50;
const MOST: u32 = 200;

/// Query of a list.
#[derive(Debug, Deserialize)]
pub(crate) struct Paging {
    before: Option<u64>,
    limit: Option<u32>,
    branch: Option<String>,
    event: Option<String>,
    status: Option<String>,
    author: Option<String>,
}

impl Paging {
    fn limit(&self) -> Result<u32, ApiError> {
        let limit = self.limit.unwrap_or(LIMIT);
        if (1..=MOST).contains(&limit) {
            Ok(limit)
        } else {
            Err(ApiError::bad_request(format!("`limit` {limit} is out of range")).help(format!("1 to {MOST}")))
        }
    }
}

/// `GET repos/O/R/builds`: newest first, those of `branch`, `event`, `status` and `author` where they are given; `Link: <…>; rel="next"` where there are more.
pub(crate) async fn list_builds(
    _: Admin,
    State(app): State<App>,
    UrlPath((owner, name)): UrlPath<(String, String)>,
    UrlQuery(paging): UrlQuery<Paging>,
) -> Result<(HeaderMap, Json<Vec<BuildJson>>), ApiError> {
    let limit = paging.limit()?;
    let repository = find_repository(&app, &owner, &name).await?;
    let Paging { branch, event, status, author, .. } = paging;
    let filter = FilterQuery { branch, event, status, author }.filter()?;
    let mut builds = app.store.filtered_builds(repository.id, &filter, paging.before, limit + 1).await?;
    let mut headers = HeaderMap::new();
    if builds.len() > limit as usize {
        builds.truncate(limit as usize);
        let last = builds.last().map_or(0, |build| build.number);
        let query = query_of(&filter, escape);
        let and = if query.is_empty() { "" } else { "&" };
        let next =
            format!("</api/v1/repos/{}/builds?before={last}&limit={limit}{and}{query}>; rel=\"next\"", repository.name);
        headers.insert(header::LINK, HeaderValue::try_from(next).map_err(ApiError::internal)?);
    }
    let url = &app.config.public_url;
    Ok((headers, Json(builds.iter().map(|build| BuildJson::new(&repository, build, url)).collect())))
}

/// Body of `POST repos/O/R/builds`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StartJson {
    branch: Option<String>,
    sha: Option<String>,
    #[serde(default)]
    parameters: BTreeMap<String, String>,
}

/// `POST repos/O/R/builds`: 201 with the new build.
pub(crate) async fn start_build(
    who: Admin,
    State(app): State<App>,
    UrlPath((owner, name)): UrlPath<(String, String)>,
    JsonBody(body): JsonBody<StartJson>,
) -> Result<(StatusCode, Json<BuildDetailJson>), ApiError> {
    let repository = find_repository(&app, &owner, &name).await?;
    let target = target(body.branch, body.sha)?.ok_or_else(|| {
        ApiError::bad_request("neither `branch` nor `sha` is given")
            .help(format!("send {{\"branch\": \"{}\"}}", repository.default_branch))
    })?;
    let made = intake::manual(&app, &repository, target, body.parameters, &who.name).await?;
    let build = app.store.build_by_id(made.id).await?;
    let build = build.ok_or_else(|| ApiError::internal("a new build is not there"))?;
    Ok((StatusCode::CREATED, Json(BuildDetailJson::new(&build, &app.config.public_url))))
}

/// What a branch or a commit names; not both.
fn target(branch: Option<String>, sha: Option<String>) -> Result<Option<Target>, ApiError> {
    match (branch, sha) {
        (Some(branch), None) => Ok(Some(Target::Branch(branch))),
        (None, Some(sha)) => Ok(Some(Target::Sha(sha))),
        (Some(_), Some(_)) => Err(ApiError::bad_request("`branch` and `sha` exclude each other")),
        (None, None) => Ok(None),
    }
}

/// Query of `GET repos/O/R/parameters`.
#[derive(Debug, Deserialize)]
pub(crate) struct Of {
    branch: Option<String>,
    sha: Option<String>,
}

/// `GET repos/O/R/parameters`: what a manual build of a branch or commit can be given; of the default branch without either.
pub(crate) async fn parameters(
    _: Admin,
    State(app): State<App>,
    UrlPath((owner, name)): UrlPath<(String, String)>,
    UrlQuery(of): UrlQuery<Of>,
) -> Result<Json<Vec<Parameter>>, ApiError> {
    let repository = find_repository(&app, &owner, &name).await?;
    let target = target(of.branch, of.sha)?.unwrap_or_else(|| Target::Branch(repository.default_branch.clone()));
    Ok(Json(intake::parameters(&app, &repository, target).await?))
}

type BuildPath = UrlPath<(String, String, String)>;

/// `GET repos/O/R/builds/N`.
pub(crate) async fn get_build(
    _: Admin,
    State(app): State<App>,
    UrlPath((owner, name, number)): BuildPath,
) -> Result<Json<BuildDetailJson>, ApiError> {
    let build = find_build(&app, &owner, &name, &number).await?;
    Ok(Json(BuildDetailJson::new(&build, &app.config.public_url)))
}

/// `POST …/cancel`: the build as it is then.
pub(crate) async fn cancel(
    who: Admin,
    State(app): State<App>,
    UrlPath((owner, name, number)): BuildPath,
) -> Result<Json<BuildDetailJson>, ApiError> {
    let build = find_build(&app, &owner, &name, &number).await?;
    app.cancel_build(build.summary.id, &who.name).await?;
    after(&app, build).await
}

/// `POST …/approve`: the build as it is then, on its way; 409 when it does not wait for that.
pub(crate) async fn approve(
    who: Admin,
    State(app): State<App>,
    UrlPath((owner, name, number)): BuildPath,
) -> Result<Json<BuildDetailJson>, ApiError> {
    let build = find_build(&app, &owner, &name, &number).await?;
    app.approve_build(build.summary.id, &who.name).await?;
    after(&app, build).await
}

async fn after(app: &App, build: BuildDetail) -> Result<Json<BuildDetailJson>, ApiError> {
    let build = app.store.build_by_id(build.summary.id).await?.unwrap_or(build);
    Ok(Json(BuildDetailJson::new(&build, &app.config.public_url)))
}
