//! What a plugin is told: an image that prints its environment, on real Docker.

use std::collections::BTreeMap;

use crate::harness::{
    docker::BUSYBOX,
    git::Repo,
    image::Image,
    server::{Kind, Server, Setup},
};

/// All `CI_*` and `DRONE_*` names that Woodpecker documents for a step (reference: Woodpecker 3.17), and those that are Slipway's own.
const KNOWN: &str = "CI CI_NAME
CI_REPO CI_REPO_OWNER CI_REPO_NAME CI_REPO_REMOTE_ID CI_REPO_URL CI_REPO_CLONE_URL CI_REPO_CLONE_SSH_URL CI_REPO_DEFAULT_BRANCH
CI_REPO_PRIVATE CI_REPO_TRUSTED_NETWORK CI_REPO_TRUSTED_VOLUMES CI_REPO_TRUSTED_SECURITY CI_REPO_TRUSTED
CI_COMMIT_SHA CI_COMMIT_REF CI_COMMIT_REFSPEC CI_COMMIT_BRANCH CI_COMMIT_SOURCE_BRANCH CI_COMMIT_TARGET_BRANCH CI_COMMIT_TAG
CI_COMMIT_PULL_REQUEST CI_COMMIT_PULL_REQUEST_LABELS CI_COMMIT_PULL_REQUEST_MILESTONE CI_COMMIT_PULL_REQUEST_DRAFT CI_COMMIT_MESSAGE
CI_COMMIT_TIMESTAMP CI_COMMIT_AUTHOR CI_COMMIT_AUTHOR_EMAIL CI_COMMIT_AUTHOR_AVATAR CI_COMMIT_PRERELEASE
CI_PIPELINE_NUMBER CI_PIPELINE_PARENT CI_PIPELINE_EVENT CI_PIPELINE_EVENT_REASON CI_PIPELINE_URL CI_PIPELINE_FORGE_URL
CI_PIPELINE_DEPLOY_TARGET CI_PIPELINE_DEPLOY_TASK CI_PIPELINE_RELEASE_TITLE CI_PIPELINE_RELEASE_PRE CI_PIPELINE_CREATED CI_PIPELINE_STARTED
CI_PIPELINE_FILES CI_PIPELINE_AUTHOR CI_PIPELINE_AVATAR CI_PIPELINE_RERUNS CI_PIPELINE_STATUS
CI_WORKFLOW_NAME CI_WORKFLOW_NUMBER CI_STEP_NAME CI_STEP_TYPE CI_STEP_NUMBER CI_STEP_STARTED CI_STEP_URL
CI_PREV_COMMIT_SHA CI_PREV_COMMIT_REF CI_PREV_COMMIT_REFSPEC CI_PREV_COMMIT_BRANCH CI_PREV_COMMIT_SOURCE_BRANCH
CI_PREV_COMMIT_TARGET_BRANCH CI_PREV_COMMIT_URL CI_PREV_COMMIT_MESSAGE CI_PREV_COMMIT_TIMESTAMP CI_PREV_COMMIT_AUTHOR
CI_PREV_COMMIT_AUTHOR_EMAIL CI_PREV_COMMIT_AUTHOR_AVATAR CI_PREV_PIPELINE_NUMBER CI_PREV_PIPELINE_PARENT CI_PREV_PIPELINE_EVENT
CI_PREV_PIPELINE_EVENT_REASON CI_PREV_PIPELINE_URL CI_PREV_PIPELINE_FORGE_URL CI_PREV_PIPELINE_DEPLOY_TARGET CI_PREV_PIPELINE_DEPLOY_TASK
CI_PREV_PIPELINE_STATUS CI_PREV_PIPELINE_CREATED CI_PREV_PIPELINE_STARTED CI_PREV_PIPELINE_FINISHED CI_PREV_PIPELINE_AUTHOR
CI_PREV_PIPELINE_AVATAR
CI_SYSTEM_NAME CI_SYSTEM_URL CI_SYSTEM_HOST CI_SYSTEM_VERSION CI_SYSTEM_PLATFORM CI_FORGE_TYPE CI_FORGE_URL CI_WORKSPACE CI_MACHINE
DRONE DRONE_BRANCH DRONE_BUILD_CREATED DRONE_BUILD_EVENT DRONE_BUILD_LINK DRONE_BUILD_NUMBER DRONE_BUILD_PARENT DRONE_BUILD_STARTED
DRONE_BUILD_STATUS DRONE_COMMIT DRONE_COMMIT_AUTHOR DRONE_COMMIT_AUTHOR_AVATAR DRONE_COMMIT_AUTHOR_EMAIL DRONE_COMMIT_AUTHOR_NAME
DRONE_COMMIT_BEFORE DRONE_COMMIT_BRANCH DRONE_COMMIT_LINK DRONE_COMMIT_MESSAGE DRONE_COMMIT_REF DRONE_COMMIT_SHA DRONE_GIT_HTTP_URL
DRONE_PULL_REQUEST DRONE_REMOTE_URL DRONE_REPO DRONE_REPO_BRANCH DRONE_REPO_LINK DRONE_REPO_NAME DRONE_REPO_OWNER DRONE_REPO_PRIVATE
DRONE_REPO_SCM DRONE_SOURCE_BRANCH DRONE_STEP_NUMBER DRONE_SYSTEM_HOST DRONE_TAG DRONE_TARGET_BRANCH";

const PIPELINE: &str = "matrix:
  AXIS: [one]

services:
  - name: teller
    image: TELLER
    environment:
      SERVICE: only

steps:
  - name: tell
    image: TELLER
    settings:
      plain: a b
      some.dotted-name: 1.20
      list: [a, b, 3]
      yes: true
      map: {deep: [1, x], word: w}
      token: {from_secret: Deploy_Token}
      nested: [{password: {from_secret: deploy_token}}]
  - name: command
    image: slipway/busybox
    commands: [env]
";

fn environment(log: &str) -> BTreeMap<String, String> {
    let pairs = log.lines().filter_map(|line| line.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn assert_has(environment: &BTreeMap<String, String>, wanted: &[(&str, &str)]) {
    for (name, value) in wanted {
        assert_eq!(environment.get(*name).map(String::as_str), Some(*value), "{name} in {environment:#?}");
    }
}

async fn told(server: &Server, image: &Image) -> (Repo, String) {
    let repo = Repo::with(&[(".woodpecker.yml", &PIPELINE.replace("TELLER", &image.name))]).await;
    let sha = repo.git(["rev-parse", "HEAD"]).await;
    server.api.own("me/told").await;
    server.api.secret("me/told", "deploy_token", "t0p-\"secret\"").await;
    repo.push_main(&server.remote("me/told")).await;
    (repo, sha)
}

#[tokio::test]
async fn a_plugin_is_told_what_woodpecker_tells_it_and_nothing_else() {
    let server = Setup::new(Kind::Docker).start().await;
    let image = Image::build(&server, "teller", &format!("FROM {BUSYBOX}\nENTRYPOINT [\"/bin/env\"]\n")).await;
    let (_repo, sha) = told(&server, &image).await;
    let build = server.api.wait_end("me/told", 1).await;
    build.assert_ended("success", "ok");
    let log = server.api.log("me/told", &build, "tell").await;
    assert!(!log.contains("t0p-"), "{log}");
    let plugin = environment(&log);

    let url = format!("{}/repos/me/told", server.api.url);
    let remote = format!("{}/git/me/told.git", server.api.url);
    assert_has(
        &plugin,
        &[
            ("PLUGIN_PLAIN", "a b"),
            ("PLUGIN_SOME_DOTTED_NAME", "1.20"),
            ("PLUGIN_LIST", "a,b,3"),
            ("PLUGIN_YES", "true"),
            ("PLUGIN_MAP", r#"{"deep":[1,"x"],"word":"w"}"#),
            ("CI", "true"),
            ("CI_REPO", "me/told"),
            ("CI_REPO_OWNER", "me"),
            ("CI_REPO_NAME", "told"),
            ("CI_REPO_URL", &url),
            ("CI_REPO_CLONE_URL", &remote),
            ("CI_REPO_DEFAULT_BRANCH", "main"),
            ("CI_COMMIT_SHA", &sha),
            ("CI_COMMIT_REF", "refs/heads/main"),
            ("CI_COMMIT_BRANCH", "main"),
            ("CI_COMMIT_MESSAGE", "First commit"),
            ("CI_COMMIT_AUTHOR", "Ada Dock"),
            ("CI_COMMIT_AUTHOR_EMAIL", "ada@dock.example"),
            ("CI_PIPELINE_NUMBER", "1"),
            ("CI_PIPELINE_EVENT", "push"),
            ("CI_PIPELINE_STATUS", "success"),
            ("CI_PIPELINE_URL", &format!("{url}/builds/1")),
            ("CI_PIPELINE_FILES", r#"[".woodpecker.yml"]"#),
            ("CI_WORKFLOW_NAME", "woodpecker"),
            ("CI_WORKFLOW_NUMBER", "1"),
            ("CI_STEP_NAME", "tell"),
            ("CI_STEP_TYPE", "plugin"),
            ("CI_STEP_NUMBER", "3"),
            ("CI_STEP_URL", &format!("{url}/builds/1/jobs/0/steps/2")),
            ("CI_SYSTEM_NAME", "slipway"),
            ("CI_SYSTEM_URL", &server.api.url),
            ("CI_SYSTEM_HOST", "127.0.0.1"),
            ("CI_FORGE_TYPE", "slipway"),
            ("DRONE", "true"),
            ("DRONE_BRANCH", "main"),
            ("DRONE_BUILD_EVENT", "push"),
            ("DRONE_BUILD_NUMBER", "1"),
            ("DRONE_BUILD_STATUS", "success"),
            ("DRONE_COMMIT", &sha),
            ("DRONE_COMMIT_SHA", &sha),
            ("DRONE_COMMIT_REF", "refs/heads/main"),
            ("DRONE_COMMIT_AUTHOR", "Ada Dock"),
            ("DRONE_COMMIT_AUTHOR_EMAIL", "ada@dock.example"),
            ("DRONE_COMMIT_MESSAGE", "First commit"),
            ("DRONE_REPO", "me/told"),
            ("DRONE_REPO_NAME", "told"),
            ("DRONE_REPO_OWNER", "me"),
            ("DRONE_REPO_BRANCH", "main"),
            ("DRONE_STEP_NUMBER", "3"),
        ],
    );
    // The secret is there, and never in the log.
    assert_has(&plugin, &[("PLUGIN_TOKEN", "********")]);
    assert!(plugin["PLUGIN_NESTED"].starts_with(r#"[{"password":"#), "{plugin:#?}");

    let known: Vec<&str> = KNOWN.split_whitespace().collect();
    let of_ours = |name: &&String| name.starts_with("CI") || name.starts_with("DRONE");
    let strange: Vec<&String> = plugin.keys().filter(of_ours).filter(|name| !known.contains(&name.as_str())).collect();
    assert!(strange.is_empty(), "{strange:?}");
    assert!(!plugin.contains_key("AXIS"), "no axis steers a plugin: {plugin:#?}");

    // A step with commands gets the axis, and neither `DRONE_*` nor what was meant for the plugin.
    let command = environment(&server.api.log("me/told", &build, "command").await);
    assert_has(&command, &[("AXIS", "one"), ("CI_STEP_TYPE", "commands"), ("CI_STEP_NAME", "command")]);
    let others: Vec<_> =
        command.keys().filter(|name| name.starts_with("DRONE") || name.starts_with("PLUGIN")).collect();
    assert!(others.is_empty(), "{others:?}");
    let service = environment(&server.api.log("me/told", &build, "teller").await);
    assert_has(&service, &[("SERVICE", "only"), ("CI_STEP_TYPE", "service")]);
    server.finish().await;
    image.remove().await;
}
