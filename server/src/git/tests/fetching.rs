use git2::{Cred, FetchOptions, RemoteCallbacks, Repository};

use super::pushed;
use crate::testing::{ADMIN, RUNNER, Server};

#[tokio::test(flavor = "multi_thread")]
async fn clone_and_fetch_get_what_is_missing_and_no_more() {
    let server = Server::start().await;
    let (git, remote) = pushed(&server).await;
    for number in 0..50 {
        git.commit(&format!("{number}"), &[(&format!("dir{}/file", number % 7), &format!("{number}\n"))]).await;
    }
    git.ok(&["tag", "-a", "v1", "-m", "annotated"]).await;
    git.ok(&["push", "--quiet", &remote, "main", "v1"]).await;
    git.ok(&["clone", "--quiet", &remote, "copy"]).await;
    let copy = git.path().join("copy").display().to_string();
    git.ok(&["-C", &copy, "fsck", "--full", "--strict"]).await;
    assert_eq!(git.ok(&["-C", &copy, "rev-parse", "HEAD", "v1"]).await, git.ok(&["rev-parse", "HEAD", "v1"]).await);

    let tip = git.commit("one more", &[("dir3/file", "changed\n")]).await;
    git.ok(&["push", "--quiet", &remote, "main"]).await;
    let fetched = git.ok(&["-C", &copy, "fetch", "--progress", "origin"]).await;
    // A commit, two trees, a blob.
    assert!(fetched.contains("remote: sent 4 objects"), "{fetched}");
    assert_eq!(git.ok(&["-C", &copy, "rev-parse", "origin/main"]).await.trim(), tip);
    assert_eq!(git.ok(&["-C", &copy, "fetch", "origin"]).await, "");

    // Both sides have something of their own.
    git.ok(&["-C", &copy, "-c", "user.name=x", "-c", "user.email=x", "commit", "-q", "--allow-empty", "-m", "mine"])
        .await;
    let tip = git.commit("and another", &[("dir4/file", "changed\n")]).await;
    git.ok(&["push", "--quiet", &remote, "main"]).await;
    git.ok(&["-C", &copy, "fetch", "--quiet", "origin"]).await;
    assert_eq!(git.ok(&["-C", &copy, "rev-parse", "origin/main"]).await.trim(), tip);
    // Protocol v2 is asked for by default; v0 must do as well.
    git.ok(&["-c", "protocol.version=0", "clone", "--quiet", "--bare", &remote, "again"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_fetched_is_said() {
    let server = Server::start().await;
    let (git, remote) = pushed(&server).await;
    let output = git.run(&["clone", &server.remote("ci", ADMIN, "me/nothing.git"), "x"]).await;
    assert!(!output.good && output.text.contains("there is no repository `me/nothing`"), "{}", output.text);
    let output = git.run(&["clone", &server.remote("ci", "wrong", "me/thing.git"), "x"]).await;
    assert!(!output.good && output.text.contains("Authentication failed"), "{}", output.text);
    let output = git.run(&["clone", "--depth=1", &remote, "x"]).await;
    assert!(!output.good && output.text.contains("shallow"), "{}", output.text);
    let output = git.run(&["fetch", &remote, &"1".repeat(40)]).await;
    assert!(!output.good && output.text.contains("is not the tip of a ref here"), "{}", output.text);
}

/// As a runner does it: libgit2, its own token, a branch and then a commit that no branch has any more.
#[tokio::test(flavor = "multi_thread")]
async fn libgit2_fetches_with_a_runners_token() {
    let server = Server::start().await;
    let (git, remote) = pushed(&server).await;
    let left = git.commit("left behind", &[("a", "left\n")]).await;
    git.ok(&["push", "--quiet", &remote, "main"]).await;
    git.ok(&["reset", "--quiet", "--hard", "HEAD~"]).await;
    let tip = git.commit("instead", &[("a", "instead\n")]).await;
    git.ok(&["push", "--quiet", "--force", &remote, "main"]).await;

    let url = server.url("/git/me/thing.git");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let fetch = move |refspec: String| {
        let repository = Repository::init_bare(&path).unwrap();
        let mut callbacks = RemoteCallbacks::new();
        callbacks.credentials(|_, _, _| Cred::userpass_plaintext("runner", RUNNER));
        let mut options = FetchOptions::new();
        options.remote_callbacks(callbacks);
        repository.remote_anonymous(&url).unwrap().fetch(&[refspec], Some(&mut options), None).unwrap();
    };
    let spec = format!("+{left}:refs/build/1");
    tokio::task::spawn_blocking(move || {
        fetch("+refs/heads/main:refs/heads/main".to_owned());
        fetch(spec);
    })
    .await
    .unwrap();
    let repository = Repository::open_bare(folder.path()).unwrap();
    assert_eq!(repository.refname_to_id("refs/heads/main").unwrap().to_string(), tip);
    assert_eq!(repository.refname_to_id("refs/build/1").unwrap().to_string(), left);
}
