//! Scenarios as they lie in folders.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;

/// What a scenario's JSON says.
#[derive(Deserialize, Debug)]
pub(super) struct Expected {
    pub(super) name: String,
    pub(super) event: String,
    pub(super) expected_status: String,
    #[serde(default)]
    pub(super) expected_workflows: Vec<ExpectedWorkflow>,
    #[serde(default)]
    pub(super) expected_steps: Vec<ExpectedStep>,
}

#[derive(Deserialize, Debug)]
pub(super) struct ExpectedWorkflow {
    pub(super) name: String,
    pub(super) status: String,
}

#[derive(Deserialize, Debug)]
pub(super) struct ExpectedStep {
    pub(super) name: String,
    pub(super) status: String,
    pub(super) exit_code: Option<i32>,
}

/// A scenario: its files, by their path in the repository, and what it must end as.
#[derive(Debug)]
pub(super) struct Scenario {
    pub(super) id: String,
    pub(super) files: Vec<(String, String)>,
    pub(super) expected: Expected,
}

/// All scenarios of a folder: `NAME.yaml` with `NAME.json`, or a folder of workflows with `scenario.json`.
pub(super) fn scenarios(folder: &Path) -> Vec<Scenario> {
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
