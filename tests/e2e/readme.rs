//! What the README tells people to do works as written.

use std::{fs, path::Path};

use crate::harness::{
    git::{Repo, git, shell},
    server::{Kind, Setup, binary},
};

fn readme() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

/// The first fenced block after a line that contains `marker`.
fn block(marker: &str) -> String {
    let text = readme();
    let (_, after) = text.split_once(marker).unwrap_or_else(|| panic!("the README has no `{marker}`"));
    let (_, after) = after.split_once("```").expect("a block");
    let (_, after) = after.split_once('\n').expect("a line");
    after.split_once("```").expect("the block's end").0.to_owned()
}

#[tokio::test]
async fn the_post_receive_hook_of_the_readme_starts_a_build() {
    let server = Setup::new(Kind::Dummy).start().await;
    let repo = Repo::with_pipeline("steps: [{name: a, image: dummy, commands: [echo]}]").await;
    let bare = repo.bare_copy(&server.scratch().join("plain.git")).await;
    let hooked = server.api.create("me/plain", "generic", &bare.to_string_lossy()).await;

    let script = block("<!-- post-receive -->");
    assert!(script.starts_with("#!"), "{script}");
    let script = script.replace("WEBHOOK_URL", &hooked.webhook_url).replace("WEBHOOK_SECRET", &hooked.secret);
    let path = bare.join("hooks/post-receive");
    fs::write(&path, script).unwrap();
    let (status, said) = shell(&bare, "chmod +x hooks/post-receive", &[]).await;
    assert!(status.success(), "{said}");

    repo.write("file", "more");
    let sha = repo.commit("Through the hook").await;
    let pushed = repo.push_main(&bare.to_string_lossy()).await;
    let build = server.api.wait_end("me/plain", 1).await;
    assert_eq!((build.status.as_str(), build.sha.as_str()), ("success", sha.as_str()), "{}", pushed.terminal);

    // Two refs at once are two deliveries; a deleted branch is none.
    repo.git(["tag", "v1"]).await;
    repo.git(["branch", "side"]).await;
    let out = git(repo.path()).args(["push", &bare.to_string_lossy(), "v1", "side"]).output().await.unwrap();
    assert!(out.status.success());
    server.api.wait_end("me/plain", 2).await;
    server.api.wait_end("me/plain", 3).await;
    let out = git(repo.path()).args(["push", &bare.to_string_lossy(), ":side"]).output().await.unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    assert_eq!(server.api.numbers("me/plain").await, [3, 2, 1]);
    server.finish().await;
}

#[tokio::test]
async fn the_pipeline_of_the_readme_is_valid() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(".slipway.yml"), block("<!-- pipeline -->")).unwrap();
    let script = format!("{} lint", binary().display());
    let (status, said) = shell(folder.path(), &script, &[]).await;
    assert!(status.success(), "{said}");
}

#[test]
fn every_command_and_file_that_the_readme_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let makefile = fs::read_to_string(root.join("Makefile")).unwrap();
    let text = readme();
    for part in text.split("`make ").skip(1) {
        let target = part.split('`').next().unwrap();
        assert!(makefile.contains(&format!("\n{target}: ## ")), "no `make {target}`");
    }
    for part in text.split("](").skip(1) {
        let target = part.split(')').next().unwrap();
        if !target.contains("://") && !target.starts_with('#') {
            assert!(root.join(target).exists(), "the README links to `{target}`");
        }
    }
}
