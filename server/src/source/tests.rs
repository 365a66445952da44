use std::collections::BTreeMap;

use crate::{
    intake::{IntakeError, Target, manual},
    source::{SourceError, ensure_commit, ensure_ref},
    store::model::{Credential, Forge, NewRepository, Repository},
    testing::{Git, Server},
};

const PIPELINE: &str = "skip_clone: true\nsteps:\n  - name: hello\n    image: busybox\n    commands: [echo hello]\n";

async fn far(server: &Server, url: &str, credential: Option<Credential>) -> Repository {
    let name = format!("me/r{}", server.app().store.repositories().await.unwrap().len());
    let new = NewRepository {
        forge: Forge::Generic,
        clone_url: Some(url.to_owned()),
        credential,
        ..NewRepository::own(name.parse().unwrap())
    };
    server.app().store.create_repository(new).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_follows_its_source_and_demands_the_exact_commit() {
    let server = Server::start().await;
    let git = Git::init().await;
    let first = git.commit("first", &[("a", "1")]).await;
    let repository = far(&server, &git.path().display().to_string(), None).await;
    let app = server.app();
    let path = ensure_commit(app, &repository, "refs/heads/main", &first).await.unwrap();
    assert!(path.starts_with(app.config.git_folder()));
    let second = git.commit("second", &[("a", "2")]).await;
    // The ref has moved on; the commit of the webhook is in its history.
    ensure_commit(app, &repository, "refs/heads/main", &second).await.unwrap();
    ensure_commit(app, &repository, "refs/heads/main", &first).await.unwrap();
    let other = "1".repeat(40);
    assert!(matches!(ensure_commit(app, &repository, "refs/heads/main", &other).await, Err(SourceError::Moved { .. })));
    assert!(matches!(ensure_commit(app, &repository, "refs/heads/x", &other).await, Err(SourceError::NoRef(_))));
    for bad in ["HEAD", "refs/heads/*", "refs/heads/a:refs/heads/b", "+refs/heads/a", "refs/heads/a..b"] {
        assert!(matches!(ensure_ref(app, &repository, bad).await, Err(SourceError::BadRef(_))), "{bad}");
    }
    // A branch makes room for one below its name.
    git.ok(&["branch", "a"]).await;
    assert!(ensure_ref(app, &repository, "refs/heads/a").await.unwrap().is_some());
    git.ok(&["branch", "--delete", "a"]).await;
    git.ok(&["branch", "a/b"]).await;
    assert!(ensure_ref(app, &repository, "refs/heads/a/b").await.unwrap().is_some());
    git.ok(&["branch", "--delete", "a/b"]).await;
    git.ok(&["branch", "a"]).await;
    assert!(ensure_ref(app, &repository, "refs/heads/a").await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_fetch_says_why_and_never_the_token() {
    let server = Server::start().await;
    let forge = Server::start().await;
    let git = Git::init().await;
    let sha = git.commit("first", &[("a", "1")]).await;
    git.ok(&["push", "--quiet", &forge.remote("x", crate::testing::ADMIN, "me/src.git"), "main"]).await;
    let url = forge.url("/git/me/src.git");
    let token = |text: &str| Credential::Token { username: "u".to_owned(), token: text.to_owned().into() };
    let good = far(&server, &url, Some(token(crate::testing::RUNNER))).await;
    ensure_commit(server.app(), &good, "refs/heads/main", &sha).await.unwrap();

    let secret = "ghp_0123456789abcdef0123456789abcdef0123";
    let hidden = url.replace("http://", &format!("http://u:{secret}@"));
    let closed = forge.url("/git/me/src.git").replace(&forge.app().config.listen.port().to_string(), "1");
    for (url, credential, word) in [
        (url.as_str(), Some(token(secret)), "access was refused"),
        (&url, None, "it has none"),
        (&hidden, None, "access was refused"),
        (&url.replace("src", "nothing"), Some(token(crate::testing::RUNNER)), "404"),
        (&closed.replace("http://", &format!("http://u:{secret}@")), None, "connect"),
    ] {
        let repository = far(&server, url, credential).await;
        let error = ensure_commit(server.app(), &repository, "refs/heads/main", &sha).await.unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
        assert!(!error.contains(secret), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn builds_can_be_asked_for_by_branch_and_commit() {
    let server = Server::start().await;
    let git = Git::init().await;
    let first = git.commit("first", &[(".slipway.yml", PIPELINE)]).await;
    let second = git.commit("second", &[("a", "2")]).await;
    git.ok(&["checkout", "--quiet", "--orphan", "bare"]).await;
    git.ok(&["rm", "--quiet", "-r", "--force", "."]).await;
    let bare = git.commit("nothing", &[]).await;
    let repository = far(&server, &git.path().display().to_string(), None).await;
    let app = server.app();
    let ask = |target| manual(app, &repository, target, BTreeMap::from([("A".to_owned(), "1".to_owned())]), "ada");
    let build = ask(Target::Branch("main".to_owned())).await.unwrap();
    let detail = app.store.build_by_id(build.id).await.unwrap().unwrap();
    assert_eq!((detail.summary.trigger.sha.as_str(), detail.summary.trigger.sender.as_str()), (second.as_str(), "ada"));
    let build = ask(Target::Sha(first.to_uppercase())).await.unwrap();
    let detail = app.store.build_by_id(build.id).await.unwrap().unwrap();
    assert_eq!((detail.summary.trigger.sha.as_str(), detail.summary.trigger.branch()), (first.as_str(), "main"));
    assert!(matches!(ask(Target::Branch("nope".to_owned())).await, Err(IntakeError::NoBranch(_))));
    assert!(matches!(ask(Target::Branch("ma*".to_owned())).await, Err(IntakeError::NoBranch(_))));
    assert!(matches!(ask(Target::Sha("main".to_owned())).await, Err(IntakeError::BadSha(_))));
    assert!(matches!(ask(Target::Sha("1".repeat(40))).await, Err(IntakeError::NoCommit(_))));
    assert!(matches!(ask(Target::Sha(bare)).await, Err(IntakeError::Nothing(_))));
}
