use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::PIPELINE;
use crate::testing::{ADMIN, Git, Runner, Server, eventually};

async fn with_pipeline(pipeline: &str) -> (Server, Git, String) {
    let server = Server::start().await;
    let git = Git::init().await;
    git.commit("first", &[(".slipway.yml", pipeline)]).await;
    let remote = server.remote("ci", ADMIN, "me/thing.git");
    (server, git, remote)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_runs_in_the_terminal_while_the_build_runs() {
    let (server, git, remote) = with_pipeline(PIPELINE).await;
    let mut push = git.spawn(&["push", &remote, "main"]);
    let mut lines = BufReader::new(push.stderr.take().unwrap()).lines();
    let runner = Runner::hello(&server).await;
    let grant = runner.next().await;
    runner.start(&grant, 0).await;
    runner.log(&grant, 0, 0, "\x1b[32mgreen\x1b[0m\x1b[2J\nhalf").await;
    let mut seen = Vec::new();
    // The step has not ended: this line is live.
    loop {
        let line = lines.next_line().await.unwrap().expect("the push goes on");
        seen.push(line.trim_end().to_owned());
        if line.contains("green") {
            break;
        }
    }
    runner.log(&grant, 0, 20, "").await;
    let length = "\x1b[32mgreen\x1b[0m\x1b[2J\nhalf".len();
    runner.log(&grant, 0, length, " a line\n").await;
    runner.end(&grant, 0, 1, length + 8).await;
    runner.finish(&grant, 1).await;
    while let Some(line) = lines.next_line().await.unwrap() {
        seen.push(line.trim_end().to_owned());
    }
    assert!(push.wait().await.unwrap().success(), "a red build does not fail the push");
    let text = seen.join("\n");
    let mut at = 0;
    for wanted in [
        "remote: build 1 of refs/heads/main",
        &format!("remote: {}", server.url("/repos/me/thing/builds/1")),
        "remote: ▸ hello",
        "remote: \x1b[32mgreen\x1b[0m",
        "remote: half a line",
        "remote: ✗ hello: failure (exit code 1)",
        "remote: ✗ build 1: failure",
    ] {
        let found = text[at..].find(wanted).unwrap_or_else(|| panic!("no {wanted:?} after {at} in {text:?}"));
        at += found + wanted.len();
    }
    assert!(!text.contains("[2J"), "{text:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_leaves_the_build_alone() {
    let (server, git, remote) = with_pipeline(PIPELINE).await;
    let mut push = git.spawn(&["push", &remote, "main"]);
    let runner = Runner::hello(&server).await;
    let grant = runner.next().await;
    push.start_kill().unwrap();
    push.wait().await.unwrap();
    runner.start(&grant, 0).await;
    runner.end(&grant, 0, 0, 0).await;
    runner.finish(&grant, 0).await;
    assert_eq!(server.build("me/thing", 1).await.summary.status.as_str(), "success");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_pipeline_is_shown_with_its_place() {
    let (server, git, remote) = with_pipeline("steps:\n  - name: x\n    image: busybox\n    comands: [a]\n").await;
    let output = git.run(&["push", &remote, "main"]).await;
    assert!(output.good, "{}", output.text);
    for wanted in ["comands", "commands", ".slipway.yml", "✗ build 1: error"] {
        assert!(output.text.contains(wanted), "no {wanted}: {}", output.text);
    }
    assert_eq!(server.build("me/thing", 1).await.summary.status.as_str(), "error");
}

#[tokio::test(flavor = "multi_thread")]
async fn push_options_and_words_decide_whether_to_build_and_wait() {
    let (server, git, remote) = with_pipeline(PIPELINE).await;
    let output = git.ok(&["push", "-o", "ci.wait=false", &remote, "main"]).await;
    assert!(output.contains("build 1 of refs/heads/main"), "{output}");
    git.commit("second", &[]).await;
    let output = git.ok(&["push", "-o", "ci.skip", &remote, "main"]).await;
    assert!(output.contains("no build of refs/heads/main: the push asked for no build"), "{output}");
    git.commit("third [skip ci]", &[]).await;
    let output = git.ok(&["push", &remote, "main"]).await;
    assert!(output.contains("the commit message asks to skip"), "{output}");
    git.ok(&["push", &remote, "main:refs/notes/x"]).await;
    assert_eq!(server.builds("me/thing").await, [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_refs_are_several_builds_one_after_the_other() {
    let (server, git, remote) = with_pipeline(PIPELINE).await;
    let runner = Runner::hello(&server).await;
    let (push, ()) = tokio::join!(async { git.ok(&["push", &remote, "main", "main:refs/heads/b"]).await }, async {
        runner.run_one(0).await;
        runner.run_one(0).await;
    });
    let places: Vec<_> = ["build 1 of", "✓ build 1: success", "build 2 of", "log of hello", "✓ build 2: success"]
        .iter()
        .map(|wanted| push.rfind(wanted).unwrap_or_else(|| panic!("no {wanted}: {push}")))
        .collect();
    assert!(places.is_sorted(), "{push}");
    let changed = server.build("me/thing", 1).await.summary.trigger.changed_files;
    assert_eq!(changed, Some(vec![".slipway.yml".to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_whose_build_was_not_made_is_built_after_a_restart() {
    use crate::{
        intake::{PushedRef, body_of},
        store::model::{DeliveryState, NewDelivery},
    };
    let (mut server, git, remote) = with_pipeline("steps: []").await;
    git.ok(&["push", "-o", "ci.skip", &remote, "main"]).await;
    git.commit("second", &[(".slipway.yml", PIPELINE)]).await;
    git.ok(&["push", "-o", "ci.skip", &remote, "main"]).await;
    let sha = git.ok(&["rev-parse", "HEAD"]).await.trim().to_owned();
    let lost = git.commit("never arrived", &[]).await;
    let repository = server.repository("me/thing").await.unwrap();
    let mut ids = Vec::new();
    for (after, id) in [(&sha, "moved"), (&lost, "cut off")] {
        let pushed = PushedRef {
            reference: "refs/heads/main".to_owned(),
            before: None,
            after: after.clone(),
            pusher: "ci".to_owned(),
            skip: None,
        };
        let new = NewDelivery {
            repository: repository.id,
            forge: repository.forge,
            forge_id: id.to_owned(),
            event: "push".to_owned(),
            body: body_of(&pushed),
            headers: Vec::new(),
        };
        let crate::store::model::DeliveryStored::Fresh(id) = server.app().store.store_delivery(new).await.unwrap()
        else {
            panic!("stored once")
        };
        ids.push(id);
    }
    server.restart().await;
    let server = &server;
    let states = eventually("both are worked on", || {
        let ids = ids.clone();
        async move {
            let mut states = Vec::new();
            for id in ids {
                states.push(server.app().store.delivery(id).await.unwrap().unwrap().state);
            }
            (!states.contains(&DeliveryState::Received)).then_some(states)
        }
    })
    .await;
    assert!(matches!(states[0], DeliveryState::Built { number: 1, .. }), "{states:?}");
    assert!(matches!(&states[1], DeliveryState::Ignored { why } if why.contains("cut off")), "{states:?}");
    assert_eq!(server.build("me/thing", 1).await.summary.trigger.sha, sha);
}
