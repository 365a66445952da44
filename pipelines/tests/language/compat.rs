//! Woodpecker's own scenarios, as far as compiling goes. They lie beside the repository on some machines only.

use std::{
    fs,
    path::{Path, PathBuf},
};

use slipway_pipelines::{compile::compile, context::SourceFile};

use crate::common::*;

fn scenarios() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/compat/woodpecker/scenarios");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: there are no compatibility scenarios at {}", folder.display());
    None
}

fn source(path: &Path, name: &str) -> SourceFile {
    SourceFile { path: name.to_owned(), bytes: fs::read(path).unwrap() }
}

/// The scenario's files, and what is expected.
fn load(path: &Path) -> Option<(Vec<SourceFile>, serde_json::Value)> {
    let json = |path: &Path| serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    if path.is_dir() {
        let mut files = Vec::new();
        for entry in fs::read_dir(path).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if name.ends_with(".yaml") {
                files.push(source(&entry.path(), &format!(".woodpecker/{name}")));
            }
        }
        return Some((files, json(&path.join("scenario.json"))));
    }
    (path.extension()? == "yaml").then(|| (vec![source(path, ".woodpecker.yml")], json(&path.with_extension("json"))))
}

#[test]
fn scenarios_compile_to_the_steps_and_workflows_that_are_expected() {
    let Some(folder) = scenarios() else { return };
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let Some((files, wanted)) = load(&path) else { continue };
        count += 1;
        let done = compile(&files, &push());
        let is_error = wanted["expected_status"] == "error";
        assert_eq!(done.has_errors(), is_error, "{}: {:?}", path.display(), done.diagnostics);
        if is_error {
            continue;
        }
        let names = |key: &str| -> Option<Vec<String>> {
            let mut names: Vec<String> =
                wanted[key].as_array()?.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect();
            names.sort();
            Some(names)
        };
        let mut steps: Vec<String> =
            done.jobs.iter().flat_map(|job| &job.plan.steps).map(|step| step.name.clone()).collect();
        steps.sort();
        assert_eq!(Some(steps), names("expected_steps"), "{}", path.display());
        if let Some(workflows) = names("expected_workflows") {
            assert_eq!(done.jobs.iter().map(|job| job.name.clone()).collect::<Vec<_>>(), workflows);
        }
    }
    assert!(count >= 10, "only {count} scenarios were found");
}
