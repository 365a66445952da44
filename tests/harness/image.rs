//! Images that tests make for themselves.

use std::process::Stdio;

use bollard::{Docker, query_parameters::RemoveImageOptionsBuilder};
use tokio::{io::AsyncWriteExt, process::Command};

use super::server::Server;

/// An image of one server's test.
pub(crate) struct Image {
    docker: Docker,
    /// Its reference.
    pub(crate) name: String,
}

impl Image {
    /// Builds one from a Dockerfile without a context.
    pub(crate) async fn build(server: &Server, tag: &str, dockerfile: &str) -> Self {
        let name = format!("slipway-test/{}:{tag}", server.instance);
        let mut build = Command::new("docker")
            .args(["build", "--quiet", "--tag", &name, "-"])
            .env("DOCKER_BUILDKIT", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("docker starts");
        build.stdin.take().expect("a pipe").write_all(dockerfile.as_bytes()).await.expect("docker reads");
        assert!(build.wait().await.expect("docker ends").success(), "{name} does not build");
        Self { docker: server.docker().clone(), name }
    }

    /// Removes it.
    pub(crate) async fn remove(self) {
        let force = RemoveImageOptionsBuilder::new().force(true).build();
        self.docker.remove_image(&self.name, Some(force), None).await.expect("the image goes");
    }
}

/// A line of a Dockerfile that makes an executable file of this text.
pub(crate) fn program(path: &str, text: &str) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(text);
    format!("RUN echo {text} | base64 -d > {path} && chmod 755 {path}\n")
}
