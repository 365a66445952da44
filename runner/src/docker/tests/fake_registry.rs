//! A registry of one image, in this process, that misbehaves as it is told and remembers who asked what.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{Response, StatusCode, header},
};
use futures_util::StreamExt;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::{net::TcpListener, sync::Barrier, task::JoinHandle};

use super::{super::names, harness::rootfs_with};

/// What it does.
#[derive(Clone)]
pub(super) enum Mood {
    Gives,
    /// Answers to nothing but with this login, as a header has it.
    Wants(String),
    /// Answers 500 to all but the first question.
    Breaks,
    /// Takes requests for manifests and says nothing.
    Stalls,
    /// The same with layers, after some of their bytes.
    StallsHalfWay,
    /// Gives layers once as many are asked for as the barrier wants.
    Meets(Arc<Barrier>),
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) path: String,
    pub(super) authorization: Option<String>,
}

struct Inside {
    mood: Mood,
    manifest: Vec<u8>,
    blobs: Vec<(String, Vec<u8>)>,
    seen: Mutex<Vec<Seen>>,
}

pub(super) struct FakeRegistry {
    pub(super) host: String,
    /// Of the manifest.
    pub(super) digest: String,
    inside: Arc<Inside>,
    task: JoinHandle<()>,
}

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

impl FakeRegistry {
    /// One with a busybox that no engine has seen before. `None`: there is no busybox here.
    pub(super) async fn start(mood: Mood) -> Option<Self> {
        let layer = rootfs_with(&names::token())?;
        let config = json!({
            "architecture": "amd64", "os": "linux", "config": {"Env": ["PATH=/bin"]},
            "rootfs": {"type": "layers", "diff_ids": [digest(&layer)]}, "history": [{"created_by": "test"}],
        });
        let config = config.to_string().into_bytes();
        let manifest = json!({
            "schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "config": {
                "mediaType": "application/vnd.docker.container.image.v1+json",
                "size": config.len(), "digest": digest(&config),
            },
            "layers": [{
                "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
                "size": layer.len(), "digest": digest(&layer),
            }],
        });
        let manifest = manifest.to_string().into_bytes();
        let digest_of_it = digest(&manifest);
        let blobs = [config, layer].map(|blob| (digest(&blob), blob)).into();
        let inside = Inside { mood, manifest, blobs, seen: Mutex::default() };
        let inside = Arc::new(inside);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let app = Router::new().fallback(answer).with_state(Arc::clone(&inside));
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Some(Self { host, digest: digest_of_it, inside, task })
    }

    pub(super) fn image(&self, name: &str) -> String {
        format!("{}/test/{name}:1", self.host)
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.inside.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for FakeRegistry {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(State(inside): State<Arc<Inside>>, request: Request) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let authorization =
        request.headers().get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or_default().to_owned());
    let seen = Seen { path: path.clone(), authorization: authorization.clone() };
    inside.seen.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
    if let Mood::Wants(wanted) = &inside.mood
        && authorization.as_ref() != Some(wanted)
    {
        let refused = Response::builder().status(StatusCode::UNAUTHORIZED);
        return refused.header(header::WWW_AUTHENTICATE, "Basic realm=\"test\"").body(Body::empty()).unwrap();
    }
    if path == "/v2/" {
        return Response::new(Body::empty());
    }
    let blob = inside.blobs.iter().position(|(digest, _)| path.ends_with(digest.as_str()));
    match (&inside.mood, blob) {
        (Mood::Breaks, _) => status(StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN"),
        (Mood::Stalls, None) => std::future::pending().await,
        (Mood::StallsHalfWay, Some(1)) => half(&inside.blobs[1].1),
        (Mood::Meets(barrier), Some(1)) => {
            barrier.wait().await;
            whole(&inside.blobs[1].1, "application/octet-stream")
        }
        (_, Some(blob)) => whole(&inside.blobs[blob].1, "application/octet-stream"),
        (_, None) if path.contains("/manifests/") && !path.contains("/missing/") => {
            whole(&inside.manifest, "application/vnd.docker.distribution.manifest.v2+json")
        }
        (_, None) => status(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN"),
    }
}

fn status(status: StatusCode, code: &str) -> Response<Body> {
    let errors = json!({"errors": [{"code": code, "message": "not here"}]});
    Response::builder().status(status).body(Body::from(errors.to_string())).unwrap()
}

fn whole(bytes: &[u8], kind: &str) -> Response<Body> {
    Response::builder()
        .header(header::CONTENT_TYPE, kind)
        .header(header::CONTENT_LENGTH, bytes.len())
        .header("docker-content-digest", digest(bytes))
        .body(Body::from(bytes.to_vec()))
        .unwrap()
}

fn half(bytes: &[u8]) -> Response<Body> {
    let first = bytes[..bytes.len() / 2].to_vec();
    let parts = futures_util::stream::iter([Ok::<_, std::io::Error>(first)]).chain(futures_util::stream::pending());
    Response::builder().header(header::CONTENT_LENGTH, bytes.len()).body(Body::from_stream(parts)).unwrap()
}
