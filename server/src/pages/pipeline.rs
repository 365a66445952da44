//! The pipeline as it ran.

use axum::{extract::State, http::StatusCode, response::Response};
use slipway_web::{
    sign::Sign,
    views::{PipelineFile, PipelinePage},
};

use super::{PageError, Visitor, render};
use crate::{
    api::{UrlPath, find_build},
    app::App,
    intake,
};

/// `GET /repos/O/R/builds/N/pipeline`.
pub(crate) async fn pipeline(
    _: Visitor,
    State(app): State<App>,
    UrlPath((owner, name, number)): UrlPath<(String, String, String)>,
) -> Result<Response, PageError> {
    let build = find_build(&app, &owner, &name, &number).await?;
    let summary = &build.summary;
    let status = Sign::new(summary.status, summary.finish.as_ref());
    let mut page = PipelinePage::new(&build.repository.name, summary.number, status, &summary.trigger.sha);
    match intake::pipeline_of(&app, &build.repository, &summary.trigger.sha).await? {
        Some(files) => {
            page.files = files.iter().map(|file| PipelineFile::new(&file.path, &file.bytes)).collect();
            page.quiet = "The commit has no pipeline.";
        }
        None => page.quiet = "This server does not have the commit any more.",
    }
    render(StatusCode::OK, &page)
}
