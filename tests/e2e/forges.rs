//! GitHub, Gitea and GitLab: pushes and tags as they send and sign them.

use std::{fs, path::Path};

use crate::harness::{
    git::Repo,
    hook::headers,
    server::{Kind, Server, Setup},
    wait::PATIENCE,
};

/// The forges, with their words for a push and a tag.
const FORGES: [(&str, &str, &str); 3] =
    [("github", "push", "push"), ("gitea", "push", "push"), ("gitlab", "Push Hook", "Tag Push Hook")];

/// Sends a body; gives the status.
async fn send(server: &Server, url: &str, delivery: &str, sent: (&str, &str, &str), body: &str) -> u16 {
    let (forge, event, secret) = sent;
    let request = headers(server.api.bare("POST", url), forge, event, delivery, secret, body.as_bytes());
    request.body(body.to_owned()).timeout(PATIENCE).send().await.expect("an answer").status().as_u16()
}

#[tokio::test]
async fn pushes_and_tags_of_the_three_forges_are_verified_and_built() {
    let server = Setup::new(Kind::Dummy).start().await;
    let repo = Repo::with_pipeline("steps: [{name: a, image: dummy, commands: [echo]}]").await;
    let before = repo.git(["rev-parse", "HEAD"]).await;
    repo.write("beacon.txt", "lit");
    let after = repo.commit("Light the beacon\n\nIt is dark.").await;
    repo.git(["tag", "v1.2"]).await;
    let bare = repo.bare_copy(&server.scratch().join("dock/harbour.git")).await;
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");

    for (forge, push, tag) in FORGES {
        let name = format!("{forge}/harbour");
        let hooked = server.api.create(&name, forge, &bare.to_string_lossy()).await;
        let body = |event: &str| {
            let path = fixtures.join(format!("{forge}-{event}.json"));
            fs::read_to_string(path).unwrap().replace("{before}", &before).replace("{after}", &after)
        };
        let url = &hooked.webhook_url;
        let forged = send(&server, url, "d-0", (forge, push, "not the secret"), &body("push")).await;
        assert_eq!(forged, 401, "{forge}");
        let status = send(&server, url, "d-1", (forge, push, &hooked.secret), &body("push")).await;
        assert!((200..300).contains(&status), "{forge} push: {status}");
        let build = server.api.wait_end(&name, 1).await;
        build.assert_ended("success", "ok");
        let seen = (build.event.as_str(), build.branch.as_deref(), build.sha.as_str());
        assert_eq!(seen, ("push", Some("main"), after.as_str()), "{forge}");
        assert!(build.message.starts_with("Light the beacon"), "{forge}: {}", build.message);

        let status = send(&server, url, "d-2", (forge, tag, &hooked.secret), &body("tag")).await;
        assert!((200..300).contains(&status), "{forge} tag: {status}");
        let build = server.api.wait_end(&name, 2).await;
        build.assert_ended("success", "ok");
        assert_eq!((build.event.as_str(), build.sha.as_str()), ("tag", after.as_str()), "{forge}");
        // A ping and an event that is none of ours are taken and built by nobody.
        let status = send(&server, url, "d-3", (forge, "ping", &hooked.secret), "{\"zen\": \"Anything\"}").await;
        assert!((200..300).contains(&status) || status == 400, "{forge} ping: {status}");
        assert_eq!(server.api.numbers(&name).await, [2, 1], "{forge}");
    }
    server.finish().await;
}

#[tokio::test]
async fn bodies_recorded_from_the_forges_are_understood() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/compat/woodpecker/webhooks");
    if !folder.is_dir() {
        eprintln!("skipped: {} is not here", folder.display());
        return;
    }
    let server = Setup::new(Kind::Dummy).start().await;
    let mut sent = 0;
    for (forge, _, _) in FORGES {
        let mut paths: Vec<_> = fs::read_dir(folder.join(forge)).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let event = match (forge, name.as_str()) {
                ("gitlab", "HookPush") => "Push Hook",
                ("gitlab", "HookTag") => "Tag Push Hook",
                ("gitlab", _) => "Merge Request Hook",
                (_, "HookRelease") => "release",
                // Making a tag by its page is a `create` at these two.
                ("gitea", "HookTag") => "create",
                (_, "HookPush" | "HookTag") => "push",
                _ => "pull_request",
            };
            let body = fs::read_to_string(&path).unwrap();
            let json: serde_json::Value = serde_json::from_str(&body).unwrap();
            let about =
                json["repository"]["full_name"].as_str().or_else(|| json["project"]["path_with_namespace"].as_str());
            let clone_url = format!("/nowhere/{}.git", about.unwrap());
            let hooked = server.api.create(&format!("{forge}/{name}"), forge, &clone_url).await;
            let status = send(&server, &hooked.webhook_url, &name, (forge, event, &hooked.secret), &body).await;
            assert!((200..300).contains(&status), "{forge} {name} as {event}: {status}");
            sent += 1;
        }
    }
    assert!(sent > 0);
    server.finish().await;
}
