//! The real git against a server in this process.

mod fetching;
mod pushing;
mod terminal;

use crate::testing::{ADMIN, Git, Server};

/// One step, nothing else.
const PIPELINE: &str =
    "skip_clone: true\nsteps:\n  - name: hello\n    image: busybox\n    commands:\n      - echo hello\n";

/// A repository with one commit that was pushed to `me/thing` and has no pipeline.
async fn pushed(server: &Server) -> (Git, String) {
    let git = Git::init().await;
    git.commit("first", &[("README", "one\n")]).await;
    let remote = server.remote("ci", ADMIN, "me/thing.git");
    git.ok(&["push", "--quiet", &remote, "main"]).await;
    (git, remote)
}
