//! A build by BuildKit.

use std::{collections::BTreeMap, io, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures_util::TryStreamExt;
use http_body_util::{BodyExt, StreamBody};
use hyper::{Request, body::Frame, header::CONTENT_TYPE};
use prost::Message;
use reqwest::Url;
use serde::Deserialize;
use slipway_pipelines::plan::{BuildSecret, ImageBuild};
use tokio_util::io::ReaderStream;

use super::{
    super::{
        engine::{Engine, EngineError},
        raw::{Address, Answer},
    },
    Broken, Wanted,
    dockerfile::Dockerfile,
    fingerprint,
    progress::Progress,
    session::{Offer, Session},
};
use crate::executor::LogSink;

/// How the engine says that a line is of [`Trace`](super::trace::Trace).
const TRACE: &str = "moby.buildkit.trace";

/// A line of the engine's answer.
#[derive(Deserialize)]
struct Line {
    id: Option<String>,
    aux: Option<serde_json::Value>,
    stream: Option<String>,
    #[serde(rename = "errorDetail")]
    error_detail: Option<ErrorDetail>,
    error: Option<String>,
}

#[derive(Deserialize)]
struct ErrorDetail {
    message: Option<String>,
}

/// Builds; says in the log how it goes.
pub(super) async fn build(
    engine: &Engine,
    address: &Address,
    wanted: &Wanted<'_>,
    log: &mut dyn LogSink,
) -> Result<(), Broken> {
    let secrets = wanted.build.secrets.iter().filter_map(|(id, secret)| match secret {
        BuildSecret::Value(value) => Some((id.clone(), value.clone())),
        BuildSecret::Secret(_) => None,
    });
    let offer = Offer { credentials: wanted.credentials.clone(), secrets: secrets.collect() };
    let version = engine.api.client_version().to_string();
    let session = Session::open(address, &version, offer).await?;
    let path = target(&version, &session.id, wanted)
        .ok_or_else(|| Broken::Engine(EngineError::Broken("no address".into())))?;
    let file = tokio::fs::File::open(wanted.context).await.map_err(|error| context_lost(wanted.context, &error))?;
    let frames = ReaderStream::new(file).map_ok(Frame::data);
    let request = Request::post(path)
        .header(CONTENT_TYPE, "application/x-tar")
        .body(StreamBody::new(frames).boxed_unsync())
        .map_err(|error| EngineError::Broken(error.to_string()))?;
    listen(address.send(request).await?, wanted, log).await
}

fn context_lost(path: &Path, error: &io::Error) -> EngineError {
    EngineError::Broken(format!("can't read the context again from {}: {error}", path.display()))
}

async fn listen(answer: Answer, wanted: &Wanted<'_>, log: &mut dyn LogSink) -> Result<(), Broken> {
    let mut lines = answer.lines();
    let mut progress = Progress::default();
    while let Some(line) = lines.next().await? {
        let Ok(line) = serde_json::from_str::<Line>(&line) else { continue };
        if let (Some(TRACE), Some(aux)) = (line.id.as_deref(), &line.aux) {
            let bytes = aux.as_str().and_then(|text| STANDARD.decode(text).ok()).unwrap_or_default();
            match super::trace::Trace::decode(&bytes[..]) {
                Ok(trace) => log.write(&progress.take(&trace)),
                Err(error) => tracing::debug!(%error, "the engine's progress can't be read"),
            }
        } else if let Some(text) = line.stream.filter(|text| !text.contains(wanted.image)) {
            // Its name here is nobody's affair.
            log.write(text.as_bytes());
        }
        if let Some(error) = line.error_detail.and_then(|detail| detail.message).or(line.error) {
            return Err(Broken::Build(cause(&progress, wanted.dockerfile, &error)));
        }
    }
    Ok(())
}

/// One sentence: which instruction, where, and what it says.
fn cause(progress: &Progress, dockerfile: &Dockerfile, error: &str) -> String {
    let Some(failure) = progress.failure() else { return shortened(error).to_owned() };
    let place = dockerfile.line_of(&failure.instruction).map(|line| format!(" (line {line})")).unwrap_or_default();
    match code(&failure.error) {
        Some(code) => format!("`{}`{place} ended with exit code {code}", failure.instruction),
        None if failure.instruction.starts_with("[internal]") => shortened(error).to_owned(),
        None => format!("`{}`{place}: {}", failure.instruction, shortened(&failure.error)),
    }
}

/// What BuildKit says of a command that ended.
fn code(error: &str) -> Option<&str> {
    let (_, code) = error.rsplit_once("exit code: ")?;
    let code = code.trim();
    code.parse::<i32>().is_ok().then_some(code)
}

/// An error without the stations that it passed.
fn shortened(error: &str) -> &str {
    let stations = [
        "failed to solve with frontend dockerfile.v0: ",
        "failed to solve: ",
        "failed to build LLB: ",
        "failed to create LLB definition: ",
        "rpc error: code = Unknown desc = ",
    ];
    let mut rest = error;
    while let Some(short) = stations.iter().find_map(|station| rest.strip_prefix(station)) {
        rest = short;
    }
    rest
}

/// Path and query of the request.
fn target(version: &str, session: &str, wanted: &Wanted<'_>) -> Option<String> {
    let build: &ImageBuild = wanted.build;
    let mut args = build.args.clone();
    // What a job left in its cache mounts, only builds that may trust it see.
    args.insert("BUILDKIT_CACHE_MOUNT_NS".to_owned(), wanted.mounts.clone());
    if !build.cache_to.is_empty() {
        args.insert("BUILDKIT_INLINE_CACHE".to_owned(), "1".to_owned());
    }
    let labels: BTreeMap<&str, &str> = wanted.fingerprint.iter().map(|print| (fingerprint::LABEL, *print)).collect();
    let mut query = vec![
        ("version", "2".to_owned()),
        ("session", session.to_owned()),
        ("dockerfile", build.dockerfile.clone()),
        ("t", wanted.image.to_owned()),
        ("buildargs", serde_json::to_string(&args).ok()?),
        ("labels", serde_json::to_string(&labels).ok()?),
    ];
    if !build.cache_from.is_empty() {
        query.push(("cachefrom", serde_json::to_string(&build.cache_from).ok()?));
    }
    for (name, value) in [("target", &build.target), ("platform", &build.platform)] {
        query.extend(value.clone().map(|value| (name, value)));
    }
    for (name, is_set) in [("pull", wanted.pull), ("nocache", build.no_cache)] {
        query.extend(is_set.then(|| (name, "1".to_owned())));
    }
    let url = Url::parse_with_params(&format!("http://docker/v{version}/build"), query).ok()?;
    Some(format!("{}?{}", url.path(), url.query()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_which_instruction() {
        let failed = |instruction: &str, error: &str| {
            let vertex = super::super::trace::Vertex {
                digest: "d".into(),
                name: format!("[2/2] {instruction}"),
                error: error.into(),
                completed: Some(Default::default()),
                ..Default::default()
            };
            let mut progress = Progress::default();
            progress.take(&super::super::trace::Trace { vertexes: vec![vertex], ..Default::default() });
            cause(&progress, &Dockerfile::parse("FROM x\nRUN exit 7\n"), "failed to solve: whatever")
        };
        let old = "executor failed running [/bin/sh -c exit 7]: exit code: 7";
        let new = "process \"/bin/sh -c exit 7\" did not complete successfully: exit code: 7";
        for error in [old, new] {
            assert_eq!(failed("RUN exit 7", error), "`RUN exit 7` (line 2) ended with exit code 7");
        }
        assert_eq!(failed("COPY a b", "not found: a"), "`COPY a b`: not found: a");
        let bare = cause(
            &Progress::default(),
            &Dockerfile::parse(""),
            "failed to solve with frontend dockerfile.v0: failed to create LLB definition: no such image",
        );
        assert_eq!(bare, "no such image");
    }
}
