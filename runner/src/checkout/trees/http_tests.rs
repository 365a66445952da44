//! Over HTTP, from git's own server program behind a check of the token.

use std::{net::SocketAddr, process::Stdio};

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, Method, StatusCode, Uri, header::AUTHORIZATION},
    response::{IntoResponse, Response},
};
use tokio::{io::AsyncWriteExt, process::Command};

use super::*;

/// `runner:slp_good`
const GOOD: &str = "Basic cnVubmVyOnNscF9nb29k";

async fn answer(root: PathBuf, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    if text(AUTHORIZATION.as_str()) != GOOD {
        return (StatusCode::UNAUTHORIZED, [("www-authenticate", "Basic realm=\"git\"")]).into_response();
    }
    let mut child = Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", &root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", uri.path())
        .env("QUERY_STRING", uri.query().unwrap_or_default())
        .env("REQUEST_METHOD", method.as_str())
        .env("CONTENT_TYPE", text("content-type"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", text("content-encoding"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&body).await.unwrap();
    let output = child.wait_with_output().await.unwrap().stdout;
    let end = output.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&output[..end]).into_owned();
    let kind = head.lines().find_map(|line| line.strip_prefix("Content-Type: ")).unwrap_or("text/plain").to_owned();
    ([("content-type", kind)], output[end + 4..].to_vec()).into_response()
}

async fn serve(root: PathBuf) -> SocketAddr {
    let app =
        Router::new().fallback(move |method, uri, headers, body| answer(root.clone(), method, uri, headers, body));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_comes_over_http_with_the_token_and_with_no_other() {
    let place = tests::Place::new();
    let first = place.commit("first");
    let address = serve(place.folder.path().to_path_buf()).await;
    let trees = |data: &str, token: &str| {
        let data = place.folder.path().join(data);
        Trees::open(Settings { data, server_url: format!("http://{address}"), token: token.into() }).unwrap()
    };
    let mut source = place.source(first, false);
    source.url = "/source/.git".into();
    let bad = trees("bad", "slp_bad").get(&source, Path::new(""), Box::new(tests::Silent)).await.unwrap_err();
    assert!(bad.message.ends_with("the server refuses the runner's token"), "{bad}");

    let good = trees("good", "slp_good");
    good.get(&source, Path::new(""), Box::new(tests::Silent)).await.unwrap();
    source.sha = place.commit("second").to_string();
    let log = Arc::new(Mutex::new(Vec::new()));
    let tree = good.get(&source, Path::new("a"), Box::new(tests::Kept(Arc::clone(&log)))).await.unwrap();
    assert_eq!(fs::read_to_string(tree.folder().join("a/README")).unwrap(), "hello\n");
    let log = String::from_utf8(locked(&log).clone()).unwrap();
    assert!(log.starts_with("Fetching from the server\nFetched 1 of 1 objects"), "{log}");
    let grep =
        Command::new("grep").args(["-r", "slp_good"]).arg(place.folder.path().join("good")).output().await.unwrap();
    assert_eq!((grep.status.code(), grep.stdout.len()), (Some(1), 0), "the token is on the disk");
}
