//! nginx serves a folder of the workspace.

use super::{copy, log, push};
use crate::harness::{
    image::debian,
    server::{Kind, Setup},
};

#[tokio::test]
async fn a_folder_of_the_workspace_is_served() {
    if !debian(&["nginx"]).await {
        return;
    }
    let server = Setup::new(Kind::Docker).start().await;
    let repo = copy("nginx").await;
    let (pushed, build) = push(&server, &repo, "nginx", 1).await;
    assert_eq!(build.status, "success", "{build:?}\n{}", pushed.terminal);
    let said = log(&server, "nginx", &build, "look").await;
    assert!(said.contains("<h1>Tide tables</h1>") && said.contains(r#"{"high": "06:12", "low": "12:31"}"#), "{said}");
    let served = log(&server, "nginx", &build, "web").await;
    for request in
        [r#""GET / HTTP/1.1" 200"#, r#""GET /tides/today.json HTTP/1.1" 200"#, r#""GET /missing.html HTTP/1.1" 404"#]
    {
        assert!(served.contains(request), "`{request}` is not in:\n{served}");
    }
    server.finish().await;
}
