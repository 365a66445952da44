//! Pipelines and what each must end as: `tests/scenarios` on the executor that runs nothing, and those that Woodpecker
//! publishes, where they are at hand, on that and on Docker.

mod files;
mod players;

use std::{fmt::Write as _, path::Path};

use files::{Expected, Scenario, scenarios};
use players::Players;

use crate::harness::{
    build::{Build, Step},
    git::Repo,
    server::{Kind, Server, Setup},
};

/// What differs from the expectation, a line each.
fn differences(expected: &Expected, build: &Build) -> String {
    let mut text = String::new();
    let mut differ = |what: &str, wanted: &str, seen: &str| {
        if wanted != seen {
            writeln!(text, "{what}: wanted {wanted}, was {seen}").unwrap();
        }
    };
    differ("the build", &expected.expected_status, &build.status);
    for workflow in &expected.expected_workflows {
        let seen = build.jobs.iter().find(|job| job.name == workflow.name);
        differ(&format!("job {}", workflow.name), &workflow.status, seen.map_or("missing", |job| &job.status));
    }
    for step in &expected.expected_steps {
        let seen = build.jobs.iter().flat_map(|job| &job.steps).find(|seen| seen.name == step.name);
        let status = seen.map_or("missing", |seen| &seen.status);
        differ(&format!("step {}", step.name), &step.status, status);
        let exit_code = seen.and_then(|seen: &Step| seen.exit_code);
        // 0 also stands for a step that had no exit code: the checkout, a service, one that did not run.
        let wanted = step.exit_code.filter(|code| *code != 0 || exit_code.is_some());
        differ(&format!("exit code of {}", step.name), &format!("{wanted:?}"), &format!("{exit_code:?}"));
    }
    text
}

/// Runs one; gives what is wrong.
async fn run(server: &Server, owner: &str, scenario: &Scenario) -> String {
    let files: Vec<_> = scenario.files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let repo = Repo::with(&files).await;
    let repository = format!("{owner}/{}", scenario.id);
    match scenario.expected.event.as_str() {
        "push" => drop(repo.push_main(&server.remote(&repository)).await),
        "tag" => {
            repo.git(["tag", "v1.0.0"]).await;
            repo.push(&server.remote(&repository), "v1.0.0").await;
        }
        other => panic!("{}: no event `{other}` here", scenario.id),
    }
    let build = server.api.wait_end(&repository, 1).await;
    match differences(&scenario.expected, &build) {
        text if text.is_empty() => text,
        text => format!("{}, {}:\n{text}{build:?}\n", scenario.id, scenario.expected.name),
    }
}

async fn run_all(folder: &Path, owner: &str, kind: Kind) -> usize {
    let mut scenarios = scenarios(folder);
    let server = Setup::new(kind).start().await;
    let players = if kind == Kind::Docker { Some(Players::hire(&server).await) } else { None };
    for (_, text) in scenarios.iter_mut().flat_map(|scenario| &mut scenario.files) {
        if let Some(players) = &players {
            *text = players.cast(text);
        }
    }
    let mut wrong = String::new();
    for scenario in &scenarios {
        wrong.push_str(&run(&server, owner, scenario).await);
    }
    assert!(wrong.is_empty(), "{wrong}");
    server.finish().await;
    if let Some(players) = players {
        players.dismiss().await;
    }
    scenarios.len()
}

#[tokio::test]
async fn our_own_scenarios_end_as_they_must() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let ran = run_all(&folder, "own", Kind::Dummy).await;
    assert!(ran >= 10, "only {ran} scenarios");
}

async fn woodpeckers(kind: Kind) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/compat/woodpecker/scenarios");
    if !folder.is_dir() {
        eprintln!("skipped: {} is not here", folder.display());
        return;
    }
    assert!(run_all(&folder, "woodpecker", kind).await > 0);
}

#[tokio::test]
async fn woodpeckers_scenarios_end_as_they_must() {
    woodpeckers(Kind::Dummy).await;
}

#[tokio::test]
async fn woodpeckers_scenarios_end_as_they_must_on_docker() {
    woodpeckers(Kind::Docker).await;
}

#[test]
fn what_differs_is_named() {
    let build = |step: &str| -> Build {
        serde_json::from_str(&format!(
            r#"{{"number": 1, "status": "success", "reason": "ok", "event": "push", "branch": "main", "sha": "", "message": "",
                "jobs": [{{"name": "woodpecker", "status": "success", "reason": "ok", "runner": null, "attempt": 1,
                "steps": [{{"name": "a", "kind": "commands", {step}, "started_at": null, "finished_at": null}}]}}]}}"#
        ))
        .unwrap()
    };
    let expected: Expected = serde_json::from_str(
        r#"{"name": "x", "event": "push", "expected_status": "success",
            "expected_workflows": [{"name": "woodpecker", "status": "success"}],
            "expected_steps": [{"name": "a", "status": "success", "exit_code": 0}]}"#,
    )
    .unwrap();
    assert_eq!(differences(&expected, &build(r#""status": "success", "reason": "ok", "exit_code": 0"#)), "");
    assert_eq!(differences(&expected, &build(r#""status": "success", "reason": "ok", "exit_code": null"#)), "");
    let text = differences(&expected, &build(r#""status": "failure", "reason": "exit_code", "exit_code": 3"#));
    assert_eq!(text, "step a: wanted success, was failure\nexit code of a: wanted Some(0), was Some(3)\n");
}
