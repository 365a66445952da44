//! The session of a build: BuildKit asks back through it for logins and secrets while it builds. gRPC over HTTP/2 over one
//! connection that we open, so nothing listens here, and the build's secrets are in no request and no layer.

use std::{collections::BTreeMap, convert::Infallible, sync::Arc};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, StreamBody};
use hyper::{
    HeaderMap, Request, Response,
    body::{Frame, Incoming},
    header::{CONNECTION, CONTENT_TYPE, HeaderValue, UPGRADE},
    server::conn::http2,
    service::service_fn,
};
use hyper_util::rt::TokioExecutor;
use prost::Message;
use tokio::task::JoinHandle;

use super::super::{
    credentials::Credentials,
    engine::EngineError,
    names,
    raw::{Address, Body},
};

const HEALTH: &str = "/grpc.health.v1.Health/Check";
const LOGIN: &str = "/moby.filesync.v1.Auth/Credentials";
const SECRET: &str = "/moby.buildkit.secrets.v1.Secrets/GetSecret";

/// What a build may ask for.
#[derive(Default)]
pub(in super::super) struct Offer {
    pub(in super::super) credentials: Credentials,
    /// By id.
    pub(in super::super) secrets: BTreeMap<String, String>,
}

/// An open session. It ends when it is dropped.
pub(in super::super) struct Session {
    /// What a build names it by.
    pub(in super::super) id: String,
    task: JoinHandle<()>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Session {
    /// Opens one. An engine without BuildKit refuses.
    pub(in super::super) async fn open(address: &Address, version: &str, offer: Offer) -> Result<Self, EngineError> {
        let id = names::token() + &names::token();
        let mut request = Request::post(format!("/v{version}/session"))
            .header(CONNECTION, "Upgrade")
            .header(UPGRADE, "h2c")
            .header("X-Docker-Expose-Session-Uuid", &id)
            .header("X-Docker-Expose-Session-Name", "slipway");
        for method in [HEALTH, LOGIN, SECRET] {
            request = request.header("X-Docker-Expose-Session-Grpc-Method", method);
        }
        let body = Empty::<Bytes>::new().map_err(|never| match never {}).boxed_unsync();
        let request = request.body(body).map_err(|error| EngineError::Broken(error.to_string()))?;
        let connection = address.send(request).await?.upgraded().await?;
        let offer = Arc::new(offer);
        let task = tokio::spawn(async move {
            let service = service_fn(move |request| answer(request, Arc::clone(&offer)));
            let served = http2::Builder::new(TokioExecutor::new()).serve_connection(connection, service);
            if let Err(error) = served.await {
                tracing::debug!(%error, "a build's session broke");
            }
        });
        Ok(Self { id, task })
    }
}

#[derive(Clone, PartialEq, Message)]
struct LoginWish {
    #[prost(string, tag = "1")]
    host: String,
}

#[derive(Clone, PartialEq, Message)]
struct Login {
    #[prost(string, tag = "1")]
    username: String,
    #[prost(string, tag = "2")]
    secret: String,
}

#[derive(Clone, PartialEq, Message)]
struct SecretWish {
    #[prost(string, tag = "1")]
    id: String,
}

#[derive(Clone, PartialEq, Message)]
struct Secret {
    #[prost(bytes = "vec", tag = "1")]
    data: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct Health {
    #[prost(int32, tag = "1")]
    status: i32,
}

/// A gRPC status code, and what it is about.
type Refusal = (u8, &'static str);

async fn answer(request: Request<Incoming>, offer: Arc<Offer>) -> Result<Response<Body>, Infallible> {
    let path = request.uri().path().to_owned();
    let reply = match request.into_body().collect().await {
        Ok(body) => reply(&path, &body.to_bytes(), &offer),
        Err(_) => Err((13, "the request broke off")),
    };
    Ok(framed(reply))
}

/// Answers one call. Pure.
fn reply(path: &str, body: &[u8], offer: &Offer) -> Result<Vec<u8>, Refusal> {
    // A flag and a length come first.
    let message = body.get(5..).unwrap_or_default();
    match path {
        HEALTH => Ok(Health { status: 1 }.encode_to_vec()),
        LOGIN => {
            let wish = LoginWish::decode(message).map_err(|_| (3, "not a question for a login"))?;
            let login = offer.credentials.for_host(&wish.host);
            let login = login.map(|login| Login { username: login.username.clone(), secret: login.password.clone() });
            Ok(login.unwrap_or_default().encode_to_vec())
        }
        SECRET => {
            let wish = SecretWish::decode(message).map_err(|_| (3, "not a question for a secret"))?;
            let value = offer.secrets.get(&wish.id).ok_or((5, "the build has no such secret"))?;
            Ok(Secret { data: value.clone().into_bytes() }.encode_to_vec())
        }
        _ => Err((12, "not offered")),
    }
}

fn framed(reply: Result<Vec<u8>, Refusal>) -> Response<Body> {
    let mut trailers = HeaderMap::new();
    let mut frames = Vec::new();
    match reply {
        Ok(message) => {
            let mut bytes = vec![0];
            bytes.extend(u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes());
            bytes.extend(message);
            frames.push(Ok(Frame::data(Bytes::from(bytes))));
            trailers.insert("grpc-status", HeaderValue::from_static("0"));
        }
        Err((code, why)) => {
            trailers.insert("grpc-status", HeaderValue::from(u16::from(code)));
            trailers.insert("grpc-message", HeaderValue::from_static(why));
        }
    }
    frames.push(Ok(Frame::trailers(trailers)));
    let mut response = Response::new(StreamBody::new(futures_util::stream::iter(frames)).boxed_unsync());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    response
}

#[cfg(test)]
mod tests {
    use slipway_pipelines::wire::RegistryLogin;

    use super::*;

    fn asked(path: &str, message: &impl Message) -> Result<Vec<u8>, Refusal> {
        let login = RegistryLogin {
            host: "r.example:5000".into(),
            username: "me".into(),
            password: "p".into(),
            pull_only: false,
        };
        let secrets = BTreeMap::from([("npm".to_owned(), "s3cret".to_owned())]);
        let mut body = vec![0; 5];
        body.extend(message.encode_to_vec());
        reply(path, &body, &Offer { credentials: Credentials::of(&[login]), secrets })
    }

    #[test]
    fn a_build_gets_what_it_may_ask_for_and_nothing_else() {
        let secret = asked(SECRET, &SecretWish { id: "npm".into() }).unwrap();
        assert_eq!(Secret::decode(&secret[..]).unwrap().data, b"s3cret");
        assert_eq!(asked(SECRET, &SecretWish { id: "other".into() }).unwrap_err().0, 5);
        let login = |host: &str| Login::decode(&asked(LOGIN, &LoginWish { host: host.into() }).unwrap()[..]).unwrap();
        assert_eq!(login("r.example:5000"), Login { username: "me".into(), secret: "p".into() });
        assert_eq!(login("evil.example"), Login::default());
        assert_eq!(asked("/moby.filesync.v1.FileSync/DiffCopy", &Health::default()).unwrap_err().0, 12);
        assert_eq!(asked(HEALTH, &Health::default()).unwrap(), [8, 1]);
    }
}
