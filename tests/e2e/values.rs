//! Values that travel: outputs, parameters, included files. And limits that hold.

use serde_json::json;

use crate::harness::{
    git::Repo,
    server::{Kind, Setup},
};

#[tokio::test]
async fn outputs_reach_later_steps_and_jobs() {
    let server = Setup::new(Kind::Docker).start().await;
    let repo = Repo::with(&[
        (
            ".slipway/build.yml",
            "steps:
  - name: make
    image: slipway/busybox
    outputs: [VERSION, NOTE]
    commands:
      - echo VERSION=1.2.3 >> $SLIPWAY_OUTPUT
      - echo 'NOTE=a b = c $(id)' >> $SLIPWAY_OUTPUT
      - echo LD_PRELOAD=/evil.so >> $SLIPWAY_OUTPUT
  - name: use
    image: slipway/busybox
    commands: ['test \"$VERSION\" = 1.2.3', 'test \"$NOTE\" = \"a b = c \\$(id)\"', 'test -z \"$LD_PRELOAD\"']
",
        ),
        (
            ".slipway/ship.yml",
            "depends_on: build
steps:
  - {name: ship, image: slipway/busybox, commands: ['echo shipping $VERSION', 'test \"$VERSION\" = 1.2.3']}
",
        ),
    ])
    .await;
    repo.push_main(&server.remote("me/outputs")).await;
    let build = server.api.wait_end("me/outputs", 1).await;
    build.assert_ended("success", "ok");
    assert!(server.api.log("me/outputs", &build, "ship").await.contains("shipping 1.2.3"));
    let log = server.api.log("me/outputs", &build, "make").await;
    assert!(log.contains("LD_PRELOAD") && log.contains("not among the step's `outputs`"), "{log}");
    server.finish().await;
}

const PARAMETERS: &str = "parameters:
  TARGET: {type: choice, options: [staging, production], default: staging, description: Where to}
  COUNT: {type: number, default: 1}
  DRY: {type: bool, default: true}
  WHO: {type: string}
steps:
  - name: tell
    image: slipway/busybox
    commands: ['echo $TARGET $COUNT $DRY \"$WHO\"']
";

#[tokio::test]
async fn a_manual_build_takes_typed_parameters() {
    let server = Setup::new(Kind::Docker).start().await;
    let repo =
        Repo::with_pipeline(PARAMETERS.replace("{type: string}", "{type: string, default: nobody}").as_str()).await;
    repo.push_main(&server.remote("me/params")).await;
    let build = server.api.wait_end("me/params", 1).await;
    assert!(server.api.log("me/params", &build, "tell").await.contains("staging 1 true nobody"));
    repo.write(".slipway.yml", PARAMETERS.replace("steps:", "when: {event: manual}\nsteps:"));
    repo.commit("Ask who").await;
    repo.push_main(&server.remote("me/params")).await;

    let definitions = server.api.json("/api/v1/repos/me/params/parameters?branch=main").await;
    let names: Vec<&str> = definitions.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 4, "{definitions}");
    let start = async |parameters: serde_json::Value| {
        let body = json!({"branch": "main", "parameters": parameters});
        let answer = server.api.post("/api/v1/repos/me/params/builds", &body).await;
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let (status, text) = start(json!({"TARGET": "moon", "COUNT": "many", "DRY": "perhaps", "WHOO": "x"})).await;
    assert_eq!(status, 422, "{text}");
    for word in ["TARGET", "moon", "staging", "COUNT", "DRY", "WHOO", "WHO"] {
        assert!(text.contains(word), "no {word} in {text}");
    }
    let (status, text) = start(json!({"TARGET": "production", "COUNT": "2.5", "DRY": "false", "WHO": "me; id"})).await;
    assert!((200..300).contains(&status), "{text}");
    let number = serde_json::from_str::<serde_json::Value>(&text).unwrap()["number"].as_u64().unwrap();
    let build = server.api.wait_end("me/params", number).await;
    build.assert_ended("success", "ok");
    assert!(server.api.log("me/params", &build, "tell").await.contains("production 2.5 false me; id"));
    server.finish().await;
}

#[tokio::test]
async fn files_of_other_repositories_are_included_and_mistakes_are_shown_where_they_are() {
    let server = Setup::new(Kind::Docker).start().await;
    let shared = Repo::with(&[(
        "ci/steps.yml",
        "steps:\n  - {name: shared, image: slipway/busybox, commands: [echo from the shared file]}\n",
    )])
    .await;
    shared.push(&server.remote("me/shared"), "main").await;
    let repo = Repo::with(&[
        (
            ".slipway.yml",
            "include:
  - ci/own.yml
  - {repo: me/shared, file: ci/steps.yml, ref: main}
steps:
  - {name: last, image: slipway/busybox, commands: [echo last]}
",
        ),
        ("ci/own.yml", "steps:\n  - {name: own, image: slipway/busybox, commands: [echo own]}\n"),
    ])
    .await;
    repo.push_main(&server.remote("me/includes")).await;
    let build = server.api.wait_end("me/includes", 1).await;
    build.assert_ended("success", "ok");
    let names: Vec<&str> = build.jobs[0].steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(names, ["clone", "own", "shared", "last"]);

    shared.write("ci/steps.yml", "steps:\n  - {name: shared, image: slipway/busybox, comands: [echo]}\n");
    shared.commit("Break").await;
    shared.push(&server.remote("me/shared"), "main").await;
    repo.commit("Again").await;
    let pushed = repo.push_main(&server.remote("me/includes")).await;
    let build = server.api.wait_end("me/includes", 2).await;
    build.assert_ended("error", "config");
    for wanted in ["me/shared@main:ci/steps.yml:2", "comands", "did you mean `commands`"] {
        assert!(pushed.terminal.contains(wanted), "no `{wanted}` in {}", pushed.terminal);
    }
    server.finish().await;
}

#[tokio::test]
async fn limits_hold_and_a_step_that_eats_too_much_is_named() {
    let server = Setup::new(Kind::Docker).start().await;
    let repo = Repo::with_pipeline(
        "steps:
  - name: hungry
    image: slipway/busybox
    resources: {memory: 32m, cpus: 0.5, pids: 50}
    commands: ['dd if=/dev/zero of=/dev/null bs=200M count=1']
",
    )
    .await;
    repo.push_main(&server.remote("me/hungry")).await;
    let build = server.api.wait_end("me/hungry", 1).await;
    build.assert_ended("failure", "oom_killed");
    assert_eq!(build.step("hungry").reason.as_deref(), Some("oom_killed"), "{build:?}");
    server.finish().await;
}

#[tokio::test]
async fn an_ignored_failure_is_a_warning_and_never_plain_green() {
    let server = Setup::new(Kind::Docker).start().await;
    let repo = Repo::with_pipeline(
        "steps:
  - {name: lint, image: slipway/busybox, failure: ignore, commands: [exit 7]}
  - {name: test, image: slipway/busybox, commands: ['true']}
",
    )
    .await;
    let pushed = repo.push_main(&server.remote("me/amber")).await;
    let build = server.api.wait_end("me/amber", 1).await;
    build.assert_ended("success", "ok_with_warnings");
    build.assert_step("lint", "failure", "exit_code", Some(7));
    assert!(pushed.terminal.contains("warning"), "{}", pushed.terminal);
    let page = server.api.text("/repos/me/amber/builds/1").await;
    assert!(page.contains("warning"), "{page}");
    server.finish().await;
}
