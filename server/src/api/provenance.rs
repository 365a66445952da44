//! Provenance of what a build made.

use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};

use super::{UrlPath, find_build};
use crate::{
    app::App,
    auth::Admin,
    error::ApiError,
    provenance::{Envelope, Made, Subject, statement},
    store::model::{Artifact, BuildDetail},
};

/// `GET /api/v1/provenance.pub`: the key that statements are signed with, as PEM. Public.
pub(crate) async fn provenance_key(State(app): State<App>) -> Response {
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("application/x-pem-file"))];
    (kind, app.provenance.public_pem().to_owned()).into_response()
}

/// `GET repos/O/R/builds/N/provenance`: the statements about all images and artifacts, an envelope a line.
pub(crate) async fn list_provenance(
    _: Admin,
    State(app): State<App>,
    UrlPath((owner, name, number)): UrlPath<(String, String, String)>,
) -> Result<Response, ApiError> {
    let build = find_build(&app, &owner, &name, &number).await?;
    let mut lines = String::new();
    for job in &build.jobs {
        for pushed in &job.pushed {
            let sha256 = pushed.image.digest.trim_start_matches("sha256:");
            let subject = Subject { name: &pushed.image.reference, sha256 };
            lines.push_str(&sealed(&app, &build, (job.position, pushed.step), &subject)?);
        }
    }
    for artifact in app.store.artifacts(build.summary.id).await?.iter().filter(|artifact| artifact.link.is_none()) {
        lines.push_str(&of_artifact(&app, &build, artifact)?);
    }
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("application/jsonl"))];
    Ok((kind, lines).into_response())
}

/// `GET repos/O/R/builds/N/artifacts/PATH?provenance`: the statement about one.
pub(crate) fn artifact_provenance(app: &App, build: &BuildDetail, artifact: &Artifact) -> Result<Response, ApiError> {
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("application/vnd.dsse.envelope.v1+json"))];
    Ok((kind, of_artifact(app, build, artifact)?).into_response())
}

fn of_artifact(app: &App, build: &BuildDetail, artifact: &Artifact) -> Result<String, ApiError> {
    let subject = Subject { name: &artifact.path, sha256: &artifact.sha256 };
    sealed(app, build, (artifact.job, artifact.step), &subject)
}

/// The envelope as a line.
fn sealed(
    app: &App,
    build: &BuildDetail,
    (job, step): (usize, usize),
    subject: &Subject<'_>,
) -> Result<String, ApiError> {
    let made = Made::at(build, job, step).ok_or_else(|| ApiError::internal("something was made by no step"))?;
    let statement = statement(&app.config.public_url, app.config.version, subject, made);
    let envelope = Envelope::seal(&statement, &app.provenance)?;
    Ok(serde_json::to_string(&envelope).map_err(ApiError::internal)? + "\n")
}
