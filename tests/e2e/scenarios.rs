//! Pipelines and what each must end as, on the executor that runs nothing: `tests/scenarios`, and those that Woodpecker
//! publishes where they are at hand.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::harness::{
    build::{Build, Step},
    git::Repo,
    server::{Kind, Server, Setup},
};

/// What a scenario's JSON says.
#[derive(Deserialize, Debug)]
struct Expected {
    name: String,
    event: String,
    expected_status: String,
    #[serde(default)]
    expected_workflows: Vec<ExpectedWorkflow>,
    #[serde(default)]
    expected_steps: Vec<ExpectedStep>,
}

#[derive(Deserialize, Debug)]
struct ExpectedWorkflow {
    name: String,
    status: String,
}

#[derive(Deserialize, Debug)]
struct ExpectedStep {
    name: String,
    status: String,
    exit_code: Option<i32>,
}

/// A scenario: its files, by their path in the repository, and what it must end as.
#[derive(Debug)]
struct Scenario {
    id: String,
    files: Vec<(String, String)>,
    expected: Expected,
}

/// All scenarios of a folder: `NAME.yaml` with `NAME.json`, or a folder of workflows with `scenario.json`.
fn scenarios(folder: &Path) -> Vec<Scenario> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().filter_map(|path| if path.is_dir() { folded(path) } else { single(path) }).collect()
}

fn expected(path: &Path) -> Expected {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}

fn single(path: &Path) -> Option<Scenario> {
    if path.extension()? != "yaml" {
        return None;
    }
    let files = vec![(".woodpecker.yml".to_owned(), fs::read_to_string(path).unwrap())];
    Some(Scenario { id: stem(path), files, expected: expected(&path.with_extension("json")) })
}

fn folded(path: &Path) -> Option<Scenario> {
    let mut files = Vec::new();
    for entry in fs::read_dir(path).unwrap() {
        let file = entry.unwrap().path();
        if file.extension()? == "yaml" {
            let name = format!(".woodpecker/{}", file.file_name().unwrap().to_string_lossy());
            files.push((name, fs::read_to_string(&file).unwrap()));
        }
    }
    let id = path.file_name().unwrap().to_string_lossy().into_owned();
    Some(Scenario { id, files, expected: expected(&path.join("scenario.json")) })
}

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

async fn run_all(folder: &Path, owner: &str) -> usize {
    let scenarios = scenarios(folder);
    let server = Setup::new(Kind::Dummy).start().await;
    let mut wrong = String::new();
    for scenario in &scenarios {
        wrong.push_str(&run(&server, owner, scenario).await);
    }
    assert!(wrong.is_empty(), "{wrong}");
    server.finish().await;
    scenarios.len()
}

#[tokio::test]
async fn our_own_scenarios_end_as_they_must() {
    let ran = run_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios"), "own").await;
    assert!(ran >= 10, "only {ran} scenarios");
}

#[tokio::test]
async fn woodpeckers_scenarios_end_as_they_must() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/compat/woodpecker/scenarios");
    if !folder.is_dir() {
        eprintln!("skipped: {} is not here", folder.display());
        return;
    }
    assert!(run_all(&folder, "woodpecker").await > 0);
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
