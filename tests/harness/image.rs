//! Images that tests make for themselves.

use std::{path::Path, process::Stdio};

use bollard::{Docker, query_parameters::RemoveImageOptionsBuilder};
use tokio::{io::AsyncWriteExt, process::Command};

use super::server::Server;

/// Sees to it that the images of `tests/setup/images` with these names are there. `false`, and said loudly, where this machine
/// can't make them.
pub(crate) async fn debian(names: &[&str]) -> bool {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/setup/debian-image.sh");
    let made = Command::new(script).args(names).output().await.expect("debian-image.sh starts");
    if !made.status.success() {
        eprintln!("SKIPPED: no images {names:?} here: {}", String::from_utf8_lossy(&made.stderr));
    }
    made.status.success()
}

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

/// Takes an image away from the engine, if it is there.
pub(crate) async fn remove(docker: &Docker, name: &str) {
    let force = RemoveImageOptionsBuilder::new().force(true).build();
    let _ = docker.remove_image(name, Some(force), None).await;
}

/// A line of a Dockerfile that makes an executable file of this text.
pub(crate) fn program(path: &str, text: &str) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(text);
    format!("RUN echo {text} | base64 -d > {path} && chmod 755 {path}\n")
}
