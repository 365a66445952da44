//! What the first page shows: builds under way and what they wait for, repositories with their last builds.

use axum::{Json, extract::State};
use serde::Deserialize;
use serde_json::{Value, json};
use slipway_pipelines::repository::RepositoryName;

use super::{Fleet, UrlQuery, shape::BuildJson, waiting::standing};
use crate::{app::App, auth::Admin, error::ApiError, links, store::model::Mark};

const LIMIT: u32 = 50;
const MOST: u32 = 500;
/// Builds under way, at most.
const OPEN: u32 = 200;
/// Builds of the past of a repository, and its branches.
const PAST: (u32, u32) = (10, 5);

/// Query of the list.
#[derive(Debug, Deserialize)]
pub(crate) struct HomeQuery {
    q: Option<String>,
    limit: Option<u32>,
}

/// `GET home`: `q` is a part of a repository's name.
pub(crate) async fn home(
    _: Admin,
    State(app): State<App>,
    UrlQuery(query): UrlQuery<HomeQuery>,
) -> Result<Json<Value>, ApiError> {
    let limit = query.limit.unwrap_or(LIMIT);
    if !(1..=MOST).contains(&limit) {
        return Err(ApiError::bad_request(format!("`limit` {limit} is out of range")).help(format!("1 to {MOST}")));
    }
    let url = &app.config.public_url;
    let (open, all_open) = app.store.open_builds(OPEN).await?;
    let home = app.store.home(query.q.as_deref().unwrap_or_default().trim(), limit, PAST).await?;
    let fleet = Fleet::now(&app).await?;
    let open = open.iter().map(|one| {
        let mut json = json!(BuildJson::of(&one.repository, &one.build, url));
        json["repository"] = json!(one.repository);
        json["stands"] = json!(standing(&one.jobs, &fleet));
        json
    });
    let repositories = home.repositories.iter().map(|one| {
        let marks = |marks: &[Mark]| marks.iter().map(|mark| mark_json(&one.name, mark, url)).collect::<Value>();
        json!({
            "owner": one.name.owner(),
            "name": one.name.name(),
            "url": format!("{url}{}", links::repository(&one.name)),
            "last": one.last.as_ref().map(|last| BuildJson::of(&one.name, last, url)),
            "branches": marks(&one.heads),
            "history": marks(&one.history),
        })
    });
    let repositories: Value = repositories.collect();
    Ok(Json(json!({
        "open": all_open,
        "builds": open.collect::<Value>(),
        "matching": home.matching,
        "repositories": repositories,
    })))
}

fn mark_json(repository: &RepositoryName, mark: &Mark, url: &str) -> Value {
    json!({
        "number": mark.number,
        "branch": Some(&mark.branch).filter(|branch| !branch.is_empty()),
        "status": mark.status,
        "url": format!("{url}{}", links::build(repository, mark.number)),
    })
}
