use std::collections::BTreeMap;

use slipway_pipelines::{
    compile::{Concurrency, LeftOut},
    plan::{
        Action, Container, Image, OnFailure, Plan, Program, Pull, Ready, ReadyCheck, Retry, RetryOn, RunsOn,
        SecretPart, Step, Workspace,
    },
    trigger::{Cause, Person},
};

use super::*;
use crate::plan::{dot, json};

fn container(image: &str) -> Container {
    let image = Image::Registry { reference: image.into(), pull: Pull::Missing };
    Container::new(image, Program::Commands { commands: vec!["x".into()] }, "/w/x")
}

fn outline() -> Outline {
    let workspace = || Workspace { base: "/w".into(), path: "/w/x".into() };
    let checkout = || Step::new("clone", Action::Checkout);
    let mut db = Step { needs: vec![0], ..Step::new("db", Action::Service(container("postgres:17"))) };
    if let Action::Service(container) = &mut db.action {
        container.ready = Some(Ready { check: ReadyCheck::Port { port: 5432 }, timeout_seconds: 60 });
    }
    db.on_failure = OnFailure::Start;
    let mut test = Step { needs: vec![0, 1], ..Step::new("test", Action::Run(container("golang:1.24"))) };
    test.retry = Some(Retry { max: 2, on: vec![RetryOn::Failure], delay_seconds: 10 });
    test.secrets = BTreeMap::from([("TOKEN".into(), vec![SecretPart::Secret("npm_token".into())])]);
    test.outputs = vec!["VERSION".into()];
    let tell = Step {
        needs: vec![2],
        runs_on: RunsOn { success: false, failure: true },
        ..Step::new("tell", Action::Run(container("busybox")))
    };
    let job = |name: &str, workflow: &str, needs: Vec<usize>, steps: Vec<Step>| CompiledJob {
        name: name.into(),
        workflow: workflow.into(),
        needs,
        runs_on: RunsOn::default(),
        labels: BTreeMap::new(),
        retry: None,
        concurrency: None,
        plan: Plan::new(name, workspace(), steps),
    };
    let ship = || vec![checkout(), Step { needs: vec![0], ..Step::new("ship", Action::Run(container("curl"))) }];
    let mut jobs = vec![job("build", "build", vec![], vec![checkout(), db, test, tell])];
    for cell in ["a", "b"] {
        let mut deploy = job(&format!("deploy (TO={cell})"), "deploy", vec![0], ship());
        deploy.concurrency = Some(Concurrency { group: "deploy".into(), limit: 1, cancel_superseded: true });
        jobs.push(deploy);
    }
    Outline {
        trigger: Trigger {
            cause: Cause::Push { branch: "main".into(), before: None },
            reference: "refs/heads/main".into(),
            sha: "0".repeat(40),
            message: String::new(),
            author: Person::default(),
            sender: String::new(),
            timestamp: 0,
            url: None,
            changed_files: None,
        },
        files: vec![".slipway/build.yml".into(), ".slipway/deploy.yml".into()],
        jobs,
        left_out: vec![LeftOut { what: "step `tag` of `build`".into(), why: "its `when` takes event `tag`".into() }],
        parameters: Vec::new(),
    }
}

#[test]
fn the_text_is_a_tree_in_columns() {
    let expected = "\
push on main · .slipway/build.yml, .slipway/deploy.yml
3 jobs, 8 steps, 1 left out

build
├─ clone  checkout
├─ db     service   postgres:17  after clone · ready by port 5432 within 1 min
├─ test   commands  golang:1.24  after clone, db · up to 2 more tries on failure, 10 s apart · secrets npm_token · outputs VERSION
└─ tell   commands  busybox      after test · on failure

deploy  2 cells · after build · at most 1 at once, newer ones cancel older ones
│  TO=a; TO=b
├─ clone  checkout
└─ ship   commands  curl  after clone

left out
  step `tag` of `build`  its `when` takes event `tag`
";
    assert_eq!(text(&outline(), false), expected);
    assert!(text(&outline(), true).contains("\x1b[1mbuild\x1b[0m"));
}

#[test]
fn the_graph_has_every_step_and_every_need() {
    let mut outline = outline();
    outline.jobs[0].name = "a \"quoted\" \\ name".into();
    let graph = dot::dot(&outline);
    assert!(graph.contains(r#"label="a \"quoted\" \\ name";"#), "{graph}");
    assert!(graph.contains(r#"s0_2 [label="test\ngolang:1.24"];"#) && graph.contains("s0_1 -> s0_2;"), "{graph}");
    assert!(graph.contains("s0_3 -> s2_0 [ltail=cluster_0, lhead=cluster_2];"), "{graph}");
}

#[test]
fn json_says_all_of_it_and_no_secrets_value() {
    let value = json::json(&outline());
    assert_eq!(value["event"], "push");
    assert_eq!(value["jobs"][1]["needs"][0], "build");
    let test = &value["jobs"][0]["steps"][2];
    assert_eq!(test["needs"], serde_json::json!(["clone", "db"]));
    assert_eq!((&test["secrets"][0], &test["retry"]["max"]), (&"npm_token".into(), &2.into()));
    assert_eq!(value["jobs"][0]["steps"][3]["runs_on"], serde_json::json!(["failure"]));
    assert_eq!(value["left_out"][0]["what"], "step `tag` of `build`");
}
