//! What steps are told.

use slipway_pipelines::{
    compile::compile,
    context::Previous,
    plan::Program,
    trigger::{Cause, PullRequestAction},
};

use crate::common::*;

#[test]
fn a_step_is_told_about_its_build() {
    let plan = job("steps: [{name: a, image: x, commands: [b]}]").plan;
    let environment = &told(&plan, "a");
    for (name, value) in [
        ("CI", "true"),
        ("CI_NAME", "slipway"),
        ("SLIPWAY", "true"),
        ("CI_REPO", "me/thing"),
        ("CI_REPO_CLONE_URL", "http://forge.example/me/thing.git"),
        ("CI_REPO_TRUSTED_SECURITY", "false"),
        ("CI_COMMIT_BRANCH", "main"),
        ("CI_COMMIT_MESSAGE", "Fix the roof"),
        ("CI_COMMIT_AUTHOR_EMAIL", "ann@example.com"),
        ("CI_PIPELINE_NUMBER", "3"),
        ("CI_PIPELINE_EVENT", "push"),
        ("CI_PIPELINE_CREATED", "1700000001"),
        ("CI_WORKFLOW_NAME", "slipway"),
        ("CI_WORKFLOW_NUMBER", "1"),
        ("CI_STEP_NAME", "a"),
        ("CI_STEP_NUMBER", "2"),
        ("CI_STEP_TYPE", "commands"),
        ("CI_STEP_URL", "http://ci/repos/me/thing/builds/3/jobs/0/steps/1"),
        ("CI_WORKSPACE", "/slipway/src/forge.example/me/thing"),
        ("CI_FORGE_TYPE", "gitea"),
        ("SHELL", "/bin/sh"),
    ] {
        assert_eq!(environment.get(name).map(String::as_str), Some(value), "{name}");
    }
    for name in ["CI_COMMIT_TAG", "CI_PIPELINE_STATUS", "CI_STEP_STARTED", "CI_MACHINE", "DRONE", "CI_PIPELINE_FILES"] {
        assert!(!environment.contains_key(name), "{name}");
    }
}

#[test]
fn causes_have_variables_of_their_own() {
    let of = |cause: Cause| {
        let text =
            "when: [{event: pull_request_closed}, {status: success}]\nsteps: [{name: a, image: x, commands: [b]}]";
        let plan = job_for(text, &because(cause)).plan;
        told(&plan, "a")
    };
    let pull = of(Cause::PullRequest {
        action: PullRequestAction::Closed,
        number: 4,
        title: "t".into(),
        source_branch: "fix".into(),
        target_branch: "main".into(),
        labels: vec!["a".into(), "b".into()],
        milestone: "m".into(),
        draft: true,
        from_fork: true,
    });
    assert_eq!(pull["CI_PIPELINE_EVENT"], "pull_request_closed");
    assert_eq!(pull["CI_COMMIT_PULL_REQUEST"], "4");
    assert_eq!(pull["CI_COMMIT_PULL_REQUEST_LABELS"], "a,b");
    assert_eq!(pull["CI_COMMIT_REFSPEC"], "fix:main");
    assert_eq!((pull["CI_COMMIT_BRANCH"].as_str(), pull["CI_COMMIT_PULL_REQUEST_DRAFT"].as_str()), ("main", "true"));
    let release = of(Cause::Release { tag: "v1".into(), title: "One".into(), prerelease: true });
    assert_eq!((release["CI_COMMIT_TAG"].as_str(), release["CI_PIPELINE_RELEASE_TITLE"].as_str()), ("v1", "One"));
    assert!(!release.contains_key("CI_COMMIT_BRANCH"));
    let deployment = of(Cause::Deployment { branch: "main".into(), target: "prod".into(), task: "up".into() });
    assert_eq!(
        (deployment["CI_PIPELINE_DEPLOY_TARGET"].as_str(), deployment["CI_PIPELINE_DEPLOY_TASK"].as_str()),
        ("prod", "up")
    );
}

#[test]
fn the_build_before_is_told() {
    let mut context = push();
    let mut trigger = context.trigger.clone();
    trigger.message = "Before".into();
    context.previous = Some(Previous {
        number: 2,
        parent: 0,
        url: "u".into(),
        status: "failure".into(),
        created: 1000,
        started: 0,
        finished: 9000,
        trigger,
    });
    let plan = job_for("steps: [{name: a, image: x, commands: [b]}]", &context).plan;
    let environment = &told(&plan, "a");
    assert_eq!(environment["CI_PREV_PIPELINE_STATUS"], "failure");
    assert_eq!(environment["CI_PREV_PIPELINE_FINISHED"], "9");
    assert_eq!(environment["CI_PREV_COMMIT_MESSAGE"], "Before");
    assert!(!environment.contains_key("CI_PREV_PIPELINE_STARTED"));
}

#[test]
fn values_are_flattened_as_woodpecker_does() {
    let plan = job(r#"
steps:
  a:
    image: x
    commands: [b]
    environment:
      TEXT: 'a "b"'
      NUMBER: 1.20
      FLAG: true
      NONE:
      LIST: [a, 2, true]
      DEEP: [{a: 1.5, b: "2", c: null, d: [true]}, x]
      MAP: {k: "${CI_REPO_NAME}"}
      BRANCH: "<${CI_COMMIT_BRANCH}> $${X}"
  p:
    image: y
    settings: {dry-run: true, some.key: [a, b], deep: {x: [1, {y: z}]}, text: "${CI_COMMIT_SHA:0:7}"}
"#)
    .plan;
    let a = &told(&plan, "a");
    assert_eq!(
        (a["TEXT"].as_str(), a["NUMBER"].as_str(), a["FLAG"].as_str(), a["NONE"].as_str()),
        ("a \"b\"", "1.20", "true", "")
    );
    assert_eq!(a["LIST"], "a,2,true");
    assert_eq!(a["DEEP"], r#"[{"a":1.5,"b":"2","c":null,"d":[true]},"x"]"#);
    assert_eq!(a["MAP"], r#"{"k":"thing"}"#);
    assert_eq!(a["BRANCH"], "<main> ${X}");
    let p = &told(&plan, "p");
    assert_eq!((p["PLUGIN_DRY_RUN"].as_str(), p["PLUGIN_SOME_KEY"].as_str()), ("true", "a,b"));
    assert_eq!((p["PLUGIN_DEEP"].as_str(), p["PLUGIN_TEXT"].as_str()), (r#"{"x":[1,{"y":"z"}]}"#, "0123456"));
    assert_eq!(
        (p["DRONE"].as_str(), p["DRONE_REPO"].as_str(), p["DRONE_STEP_NUMBER"].as_str()),
        ("true", "me/thing", "3")
    );
}

#[test]
fn parameters_and_axes_reach_commands_and_nothing_else() {
    let manual = because(Cause::Manual {
        branch: "main".into(),
        parameters: [
            ("TARGET", "prod; rm -rf /"),
            ("CI_REPO", "evil/x"),
            ("PATH", "/evil"),
            ("LD_PRELOAD", "x"),
            ("A=B", "x"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into(),
    });
    let done = compile(
        &[file(
            ".slipway.yml",
            "
matrix: {AXIS: [one]}
steps:
  a: {image: x, commands: ['deploy ${TARGET} ${AXIS}']}
  p: {image: y, settings: {to: '${TARGET}'}}
",
        )],
        &manual,
    );
    assert_eq!(done.diagnostics, []);
    let plan = &done.jobs[0].plan;
    let a = told(plan, "a");
    assert_eq!((a["TARGET"].as_str(), a["AXIS"].as_str()), ("prod; rm -rf /", "one"));
    let Program::Commands { commands } = &container(plan, "a").program else { panic!() };
    assert_eq!(commands, &["deploy ${TARGET} one"]);
    assert_eq!(a["CI_REPO"], "me/thing");
    assert!(!a.contains_key("PATH") && !a.contains_key("LD_PRELOAD"));
    for name in ["clone", "p"] {
        let environment = told(plan, name);
        assert!(!environment.contains_key("TARGET") && !environment.contains_key("AXIS"), "{name}");
    }
    assert_eq!(told(plan, "p")["PLUGIN_TO"], "prod; rm -rf /");
}

#[test]
fn no_credential_is_told() {
    let mut context = push();
    context.repository.clone_url = "https://user:slp_secret@forge.example/me/thing.git".into();
    context.repository.url = "https://slp_secret@forge.example/me/thing".into();
    context.repository.clone_ssh_url = "ssh://git:slp_secret@forge.example/me/thing.git".into();
    context.repository.forge_url = "https://a:slp_secret@forge.example".into();
    let done =
        compile(&[file(".slipway.yml", "steps: {a: {image: x, settings: {u: '${CI_REPO_CLONE_URL}'}}}")], &context);
    assert!(!serde_json::to_string(&done).unwrap().contains("slp_secret"));
    let environment = &done.jobs[0].plan.environment_of(1);
    assert_eq!(environment["PLUGIN_U"], "https://forge.example/me/thing.git");
    assert_eq!(environment["CI_REPO_CLONE_SSH_URL"], "ssh://git@forge.example/me/thing.git");
}

#[test]
fn changed_files_are_listed_as_json() {
    let mut context = push();
    context.trigger.changed_files = Some(vec!["a\"b".into(), "c".into()]);
    let text = "steps: [{name: a, image: x, commands: [b]}]";
    assert_eq!(job_for(text, &context).plan.environment_of(1)["CI_PIPELINE_FILES"], r#"["a\"b","c"]"#);
    context.trigger.changed_files = Some(vec!["x".into(); 501]);
    assert!(!job_for(text, &context).plan.environment_of(1).contains_key("CI_PIPELINE_FILES"));
}
