use super::{PIPELINE, pushed};
use crate::{
    source::CloneUrl,
    store::model::{Forge, NewRepository},
    testing::{ADMIN, Git, RUNNER, Server},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_push_creates_the_repository_and_its_head() {
    let server = Server::start().await;
    let git = Git::init().await;
    let sha = git.commit("first", &[("README", "one\n")]).await;
    git.ok(&["branch", "--move", "trunk"]).await;
    assert!(server.repository("me/thing").await.is_none());
    let remote = server.remote("anybody", ADMIN, "me/thing.git");
    let output = git.run(&["push", &remote, "trunk"]).await;
    assert!(output.good, "{}", output.text);
    assert!(output.text.contains("[new branch]"), "{}", output.text);
    assert!(output.text.contains("remote: no build of refs/heads/trunk: commit "), "{}", output.text);
    assert_eq!(server.repository("me/thing").await.unwrap().default_branch, "trunk");
    let listed = git.ok(&["ls-remote", "--symref", &remote]).await;
    assert_eq!(listed, format!("ref: refs/heads/trunk\tHEAD\n{sha}\tHEAD\n{sha}\trefs/heads/trunk\n"));
    let fsck = git.ok(&["--git-dir", &bare(&server), "fsck", "--full", "--strict"]).await;
    assert!(!fsck.contains("missing") && !fsck.contains("error"), "{fsck}");
}

fn bare(server: &Server) -> String {
    server.app().config.bare_repository(&"me/thing".parse().unwrap()).display().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn branches_move_are_forced_and_deleted() {
    let server = Server::start().await;
    let (git, remote) = pushed(&server).await;
    let second = git.commit("second", &[("README", "two\n"), ("a/b/c", "new\n")]).await;
    git.ok(&["push", &remote, "main"]).await;
    assert!(git.ok(&["ls-remote", &remote, "main"]).await.starts_with(&second));

    git.ok(&["commit", "--quiet", "--amend", "-m", "rewritten"]).await;
    let refused = git.run(&["push", &remote, "main"]).await;
    assert!(!refused.good && refused.text.contains("non-fast-forward"), "{}", refused.text);
    git.ok(&["push", "--force", &remote, "main"]).await;

    git.ok(&["push", &remote, "main:refs/heads/side", "main:refs/heads/$(touch-x)"]).await;
    git.ok(&["push", &remote, ":refs/heads/side"]).await;
    let listed = git.ok(&["ls-remote", "--heads", &remote]).await;
    assert!(!listed.contains("side") && listed.contains("refs/heads/$(touch-x)"), "{listed}");
    let refused = git.run(&["push", &remote, ":main"]).await;
    assert!(!refused.good && refused.text.contains("the default branch cannot be deleted"), "{}", refused.text);
    // An unknown one: the client asks for it all the same.
    let refused = git.run(&["push", &remote, ":refs/heads/nowhere"]).await;
    assert!(!refused.good && refused.text.contains("there is no such ref"), "{}", refused.text);
    let in_the_way = git.run(&["push", &remote, "main:refs/heads/main/sub"]).await;
    assert!(!in_the_way.good && in_the_way.text.contains("in the way"), "{}", in_the_way.text);
    git.ok(&["--git-dir", &bare(&server), "fsck", "--full", "--strict"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_client_does_not_overwrite_another_push() {
    let server = Server::start().await;
    let (git, remote) = pushed(&server).await;
    let first = git.ok(&["rev-parse", "HEAD"]).await.trim().to_owned();
    git.commit("second", &[("README", "two\n")]).await;
    git.ok(&["push", &remote, "main"]).await;
    git.ok(&["reset", "--quiet", "--hard", &first]).await;
    git.commit("other", &[("README", "other\n")]).await;
    let lease = format!("--force-with-lease=main:{first}");
    let refused = git.run(&["push", &lease, &remote, "main"]).await;
    assert!(!refused.good && refused.text.contains("stale info"), "{}", refused.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_build_and_annotated_ones_lead_to_their_commit() {
    let server = Server::start().await;
    let git = Git::init().await;
    let sha = git.commit("first", &[(".slipway.yml", PIPELINE)]).await;
    git.ok(&["tag", "-a", "v1", "-m", "one"]).await;
    let remote = server.remote("ada", ADMIN, "me/thing");
    git.ok(&["push", "-o", "ci.wait=false", &remote, "v1"]).await;
    let build = server.build("me/thing", 1).await;
    assert_eq!(build.summary.trigger.sha, sha);
    assert_eq!(build.summary.trigger.tag(), Some("v1"));
    assert_eq!(build.summary.trigger.sender, "ada");
    assert_eq!(build.summary.trigger.author.email, "ada@example.org");
    let listed = git.ok(&["ls-remote", &remote]).await;
    assert!(listed.contains(&format!("{sha}\trefs/tags/v1^{{}}")), "{listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn large_pushes_arrive_whole() {
    let server = Server::start().await;
    let git = Git::init().await;
    // Does not compress: 20 MB on the wire, in chunks, after a probe.
    let noise: Vec<u8> = (0_u64..2_500_000)
        .flat_map(|n| (n + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(17).wrapping_mul(n | 1).to_le_bytes())
        .collect();
    git.write("noise", &noise);
    git.commit("large", &[("README", "x\n")]).await;
    let remote = server.remote("ci", ADMIN, "me/thing.git");
    git.ok(&["push", "--quiet", &remote, "main"]).await;
    git.ok(&["clone", "--quiet", &remote, "copy"]).await;
    assert!(std::fs::read(git.path().join("copy/noise")).unwrap() == noise, "the file is the same");
    let left: Vec<_> = std::fs::read_dir(bare(&server))
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("incoming"))
        .collect();
    assert!(left.is_empty(), "the quarantine is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_push_is_told_so() {
    let server = Server::start().await;
    let (git, _) = pushed(&server).await;
    for (remote, wanted) in [
        (server.remote("ci", "wrong", "me/thing.git"), "Authentication failed"),
        (server.remote("ci", RUNNER, "me/thing.git"), "a runner's token cannot push"),
        (server.remote("ci", ADMIN, "me/.hidden.git"), "is not a repository name"),
        (server.remote("ci", ADMIN, "me/a%20b.git"), "is not a repository name"),
        (server.url("/git/me/thing.git"), "could not read Username"),
    ] {
        let output = git.run(&["push", &remote, "main"]).await;
        assert!(!output.good && output.text.contains(wanted), "{}", output.text);
    }
    let (url, _) = CloneUrl::parse("https://git.example/me/far").unwrap();
    let far = NewRepository {
        forge: Forge::Github,
        clone_url: Some(url.to_string()),
        ..NewRepository::own("me/far".parse().unwrap())
    };
    server.app().store.create_repository(far).await.unwrap();
    let output = git.run(&["push", &server.remote("ci", ADMIN, "me/far.git"), "main"]).await;
    assert!(!output.good && output.text.contains("lives on another forge (github)"), "{}", output.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_with_missing_objects_is_refused() {
    let server = Server::start().await;
    let git = Git::init().await;
    git.commit("first", &[("README", "one\n")]).await;
    git.commit("second", &[("README", "two\n")]).await;
    let origin = format!("file://{}", git.path().display());
    git.ok(&["clone", "--quiet", "--depth=1", &origin, "shallow"]).await;
    let shallow = git.path().join("shallow").display().to_string();
    let output = git.run(&["-C", &shallow, "push", &server.remote("ci", ADMIN, "me/thing.git"), "main"]).await;
    assert!(!output.good && output.text.contains("git fetch --unshallow"), "{}", output.text);
    assert!(git.ok(&["ls-remote", &server.remote("ci", ADMIN, "me/thing.git")]).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn rubbish_gets_a_client_error() {
    let server = Server::start().await;
    let auth = [("authorization", format!("Bearer {ADMIN}"))];
    for body in ["xxxx", "0003", "0009abcde", "00", "0014push-cert\0 push\n0000"] {
        let answer = server.post("/git/me/thing.git/git-receive-pack", &auth, body).await;
        assert_eq!(answer.status(), 400, "{body}");
    }
    assert!(server.repository("me/thing").await.is_none());
    let zero = "0".repeat(40);
    let one = "1".repeat(40);
    let line = format!("{zero} {one} refs/heads/x\0report-status");
    let body = format!("{:04x}{line}0000PACK\0\0\0\x02\0\0\0\x05 and then rubbish", line.len() + 4);
    let answer = server.post("/git/me/thing.git/git-receive-pack", &auth, body).await;
    assert_eq!(answer.status(), 200);
    let text = answer.text().await.unwrap();
    assert!(text.contains("unpack the pack ") && text.contains("ng refs/heads/x"), "{text}");
    let answer = server.post("/git/me/thing.git/git-upload-pack", &auth, "0009xxxxx").await.text().await.unwrap();
    assert!(answer.contains("ERR a line of the fetch is not understood"), "{answer}");
    assert_eq!(server.client.get(server.url("/git/me/thing.git/info/refs")).send().await.unwrap().status(), 401);
}
