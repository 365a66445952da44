//! A push, from git's side and from the API's.

use crate::harness::{
    docker::BUSYBOX,
    git::Repo,
    server::{Kind, Setup},
};

const DOCKERFILE: &str = "FROM slipway/busybox
COPY greet /bin/greet
RUN chmod +x /bin/greet && greet
";

const GREET: &str = "#!/bin/sh
echo made in the image
";

const GREEN: &str = "
services:
  - name: shop
    image: slipway/busybox
    commands:
      - mkdir -p /www
      - echo the shop is open > /www/index.html
      - httpd -f -p 8080 -h /www

steps:
  - name: tool
    build: .
    commands:
      - greet > greeting.txt

  - name: use
    image: slipway/busybox
    commands:
      - cat greeting.txt
      - until wget -q -O- http://shop:8080/; do sleep 0.1; done

  - name: alarm
    image: slipway/busybox
    commands:
      - echo something is wrong
    when:
      - status: failure
";

#[tokio::test]
async fn a_push_builds_an_image_shares_the_workspace_and_reaches_a_service() {
    let server = Setup::new(Kind::Docker).start().await;
    let repo = Repo::with(&[(".slipway.yml", GREEN), ("Dockerfile", DOCKERFILE), ("greet", GREET)]).await;
    let sha = repo.git(["rev-parse", "HEAD"]).await;
    let pushed = repo.push_main(&server.remote("me/thing")).await;

    let build = server.api.build("me/thing", 1).await;
    build.assert_ended("success", "ok");
    assert_eq!((build.number, build.event.as_str(), build.branch.as_deref()), (1, "push", Some("main")));
    assert_eq!((build.sha.as_str(), build.message.trim_end()), (sha.as_str(), "First commit"));
    assert_eq!(build.jobs.len(), 1, "{build:?}");
    build.assert_step("clone", "success", "ok", Some(0));
    build.assert_step("tool", "success", "ok", Some(0));
    build.assert_step("use", "success", "ok", Some(0));
    build.assert_step("alarm", "skipped", "condition", None);
    assert_eq!(build.step("shop").status, "success", "{build:?}");
    let kinds: Vec<&str> = build.jobs[0].steps.iter().map(|step| step.kind.as_str()).collect();
    assert_eq!(kinds, ["clone", "service", "commands", "commands", "commands"]);

    let log = server.api.log("me/thing", &build, "use").await;
    assert_eq!(
        log,
        "+ cat greeting.txt\nmade in the image\n\
         + until wget -q -O- http://shop:8080/; do sleep 0.1; done\nthe shop is open\n"
    );
    for line in ["made in the image", "the shop is open"] {
        assert!(pushed.terminal.contains(line), "`{line}` is not in the push terminal:\n{}", pushed.terminal);
    }
    assert!(pushed.terminal.contains("remote: "), "{}", pushed.terminal);
    assert!(pushed.terminal.contains(&format!("{}/repos/me/thing/builds/1", server.api.url)), "{}", pushed.terminal);
    server.finish().await;
}

const RED: &str = "
steps:
  - name: fine
    image: slipway/busybox
    commands:
      - echo fine
  - name: broken
    image: slipway/busybox
    commands:
      - echo before
      - sh -c 'exit 7'
      - echo after
  - name: never
    image: slipway/busybox
    commands:
      - echo never
  - name: report
    image: slipway/busybox
    commands:
      - echo it is $CI_PIPELINE_STATUS
    when:
      - status: failure
";

#[tokio::test]
async fn a_red_build_has_the_exit_code_and_does_not_fail_the_push() {
    let server = Setup::new(Kind::Docker).start().await;
    let repo = Repo::with_pipeline(RED).await;
    let pushed = repo.push_main(&server.remote("me/red")).await;

    let build = server.api.build("me/red", 1).await;
    build.assert_ended("failure", "exit_code");
    let job = &build.jobs[0];
    assert_eq!((job.status.as_str(), job.reason.as_deref(), job.attempt), ("failure", Some("exit_code"), 1));
    build.assert_step("fine", "success", "ok", Some(0));
    build.assert_step("broken", "failure", "exit_code", Some(7));
    build.assert_step("never", "skipped", "needs", None);
    build.assert_step("report", "success", "ok", Some(0));
    assert_eq!(build.step("never").started_at, None, "{build:?}");
    let log = server.api.log("me/red", &build, "broken").await;
    assert_eq!(log, "+ echo before\nbefore\n+ sh -c 'exit 7'\n");
    assert!(server.api.log("me/red", &build, "report").await.contains("it is failure"));
    assert!(pushed.terminal.contains("before"), "{}", pushed.terminal);

    // A push of another commit is the next build, and a retry of the first keeps its number.
    let retried = server.api.ask("me/red", 1, "retry").await;
    assert!(retried.status().is_success(), "{}", retried.status());
    let again = server
        .api
        .wait("me/red", 1, "the end of the second attempt", |build| {
            build.jobs[0].attempt == 2 && build.status == "failure"
        })
        .await;
    again.assert_step("broken", "failure", "exit_code", Some(7));
    repo.write(".slipway.yml", RED.replace("exit 7", "exit 0"));
    repo.commit("Mend it").await;
    repo.push_main(&server.remote("me/red")).await;
    let second = server.api.build("me/red", 2).await;
    second.assert_ended("success", "ok");
    second.assert_step("report", "skipped", "condition", None);
    assert_eq!(server.api.numbers("me/red").await, [2, 1]);
    server.finish().await;
}

#[tokio::test]
async fn ctrl_c_in_the_push_terminal_leaves_the_build_running() {
    let server = Setup::new(Kind::Docker).start().await;
    let repo = Repo::with_pipeline(&super::containers::waiting("echo first", "echo last")).await;
    let mut push = repo.push_live(&server.remote("me/left"), "main");
    super::containers::terminal_shows(&mut push, "first").await;
    push.signal("INT").await;
    let status = push.ended(crate::harness::wait::PATIENCE).await;
    assert!(!status.success(), "git was interrupted: {}", push.output.text());

    super::containers::let_go(&server, "wait").await;
    let build = server.api.wait_end("me/left", 1).await;
    build.assert_ended("success", "ok");
    assert!(server.api.log("me/left", &build, "wait").await.ends_with("\nlast\n"));
    server.finish().await;
}

#[tokio::test]
async fn a_push_without_a_pipeline_or_with_skip_ci_is_no_build() {
    let server = Setup::new(Kind::Dummy).start().await;
    let repo = Repo::with(&[("README.md", "nothing to build")]).await;
    let pushed = repo.push_main(&server.remote("me/plain")).await;
    assert!(pushed.terminal.contains(".slipway.yml"), "says what it looked for:\n{}", pushed.terminal);
    assert_eq!(server.api.numbers("me/plain").await, [0; 0]);

    repo.write(".slipway.yml", format!("steps: [{{name: a, image: {BUSYBOX}, commands: [echo a]}}]"));
    repo.commit("Wait for the others [skip ci]").await;
    let pushed = repo.push_main(&server.remote("me/plain")).await;
    assert!(pushed.terminal.contains("skip"), "{}", pushed.terminal);
    assert_eq!(server.api.numbers("me/plain").await, [0; 0]);

    repo.commit("Now").await;
    repo.push_main(&server.remote("me/plain")).await;
    assert_eq!(server.api.numbers("me/plain").await, [1]);

    let refused = repo.push(&server.remote("me/plain").replace("slp_", "slp_x"), "main").await;
    assert!(!refused.status.success(), "a wrong token must not push: {}", refused.terminal);
    server.finish().await;
}

#[tokio::test]
async fn a_tag_is_a_build_of_its_own() {
    let server = Setup::new(Kind::Dummy).start().await;
    let repo = Repo::with_pipeline(
        "steps:
  - {name: always, image: dummy, commands: [echo always]}
  - {name: release, image: dummy, commands: [echo release], when: [{event: tag, ref: 'refs/tags/v*'}]}
",
    )
    .await;
    repo.push_main(&server.remote("me/tagged")).await;
    repo.git(["tag", "v1.0"]).await;
    assert!(repo.push(&server.remote("me/tagged"), "v1.0").await.status.success());
    let (branch, tag) = (server.api.build("me/tagged", 1).await, server.api.build("me/tagged", 2).await);
    assert_eq!((branch.event.as_str(), tag.event.as_str()), ("push", "tag"));
    let steps = |build: &crate::harness::build::Build| -> Vec<String> {
        build.jobs[0].steps.iter().map(|step| step.name.clone()).collect()
    };
    assert_eq!(steps(&branch), ["clone", "always"]);
    assert_eq!(steps(&tag), ["clone", "always", "release"]);
    server.finish().await;
}
