use std::{
    fs,
    path::{Path, PathBuf},
};

use jsonschema::Validator;
use serde_json::{Value as Json, json};

use super::schema;
use crate::{
    report::Report,
    yaml::{self, Node, Value},
};

fn validator() -> Validator {
    jsonschema::draft202012::new(&schema()).unwrap()
}

/// As an editor's YAML parser sees it.
fn json(node: &Node) -> Json {
    match &node.value {
        Value::List(items) => items.iter().map(json).collect(),
        Value::Map(entries) => entries.iter().map(|entry| (entry.key.clone(), json(&entry.value))).collect(),
        Value::Scalar(scalar) if scalar.is_null() => Json::Null,
        Value::Scalar(scalar) if scalar.plain => match scalar.text.as_str() {
            "true" | "True" | "TRUE" => Json::Bool(true),
            "false" | "False" | "FALSE" => Json::Bool(false),
            text => match serde_json::from_str(text) {
                Ok(Json::Number(number)) => Json::Number(number),
                _ => text.into(),
            },
        },
        Value::Scalar(scalar) => scalar.text.clone().into(),
    }
}

fn read(text: &[u8]) -> Json {
    let mut report = Report::new("x.yml");
    let node = yaml::read(text, 0, &mut report);
    assert_eq!(report.finish(), []);
    json(&node.unwrap())
}

/// What the schema has against a text: pointer and reason.
fn against(validator: &Validator, text: &[u8]) -> Vec<String> {
    let instance = read(text);
    validator.iter_errors(&instance).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// All pipeline files below a folder.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml") {
            found.push(path);
        }
    }
}

#[track_caller]
fn all_are_valid(folder: &str, least: usize) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let validator = validator();
    let mut found = Vec::new();
    files(&folder, &mut found);
    // Those have a schema of their own.
    found.retain(|path| !path.file_name().is_some_and(|name| name.to_string_lossy().contains("compose")));
    for path in &found {
        assert_eq!(against(&validator, &fs::read(path).unwrap()), [""; 0], "{}", path.display());
    }
    assert!(found.len() >= least, "only {} files below {}", found.len(), folder.display());
}

#[test]
fn the_schema_is_one() {
    let schema = schema();
    assert!(jsonschema::meta::is_valid(&schema));
    for (name, definition) in schema["$defs"].as_object().unwrap() {
        for (key, property) in definition["properties"].as_object().into_iter().flatten() {
            let about = property["description"].as_str().unwrap();
            assert!(about.ends_with('.') && about.len() > 10, "{name}.{key}: {about}");
        }
    }
}

#[test]
fn examples_are_valid() {
    all_are_valid("examples", 7);
}

#[test]
fn scenarios_are_valid() {
    all_are_valid("../tests/scenarios", 15);
}

#[test]
fn scenarios_of_woodpecker_are_valid() {
    let folder = "../../shared/compat/woodpecker/scenarios";
    if !Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).is_dir() {
        eprintln!("SKIPPED: there are no compatibility scenarios at {folder}");
        return;
    }
    all_are_valid(folder, 12);
}

/// What the reader takes without a word, the schema takes, too.
#[test]
fn cases_of_the_table_are_valid() {
    let validator = validator();
    let mut found = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/table"), &mut found);
    let mut count = 0;
    for path in &found {
        let text = fs::read_to_string(path).unwrap();
        if ["#: error", "#: warning", "#: paths"].iter().any(|word| text.contains(word)) {
            continue;
        }
        // Several files in one, some of which are parts of others.
        let text = format!("#\n{text}");
        for part in text.split("\n#=== ").filter(|part| !part.starts_with("include ")) {
            let part = part.split_once('\n').map_or("", |(_, rest)| rest);
            if part.lines().all(|line| line.is_empty() || line.starts_with('#')) {
                continue;
            }
            assert_eq!(against(&validator, part.as_bytes()), [""; 0], "{}", path.display());
            count += 1;
        }
    }
    assert!(count >= 150, "only {count} cases");
}

/// Every key of the language in one file.
const EVERYTHING: &str = r#"
$schema: ./schema.json
include: [ci/common.yml, {file: ci/go.yml, repo: me/shared, ref: v1}]
when: [{event: [push, manual], branch: {include: main, exclude: [x]}}, {path: {include: 'src/**', on_empty: no}}]
if: always
runs_on: [success, failure]
depends_on: [lint, {name: docs, optional: true}]
labels: {platform: linux/amd64, gpu: true, empty: }
workspace: {base: /go, path: src/x}
matrix: {GO: [1.25, '1.26'], include: [{GO: tip}], exclude: [{GO: 1.25}]}
variables: {any: [thing, {at: all}]}
timeout: 1h30m
retry: {max: 2, on: [error, lost, 'exit:75'], delay: 10s}
concurrency: {limit: 1, group: 'deploy-${CI_COMMIT_BRANCH}', cancel: superseded}
parameters: {TARGET: {type: choice, options: [a, b], default: a, description: Where.}, FAST: true, WORDS: }
skip_clone: false
services_from: {file: docker-compose.yml, only: [web]}
clone: {git: {settings: {depth: 1, lfs: false}}}
services:
  - {name: db, image: postgres, ready: 5432, failure: fail, ports: [5432, 53/udp], resources: {memory: 512MiB}}
  - {name: web, image: nginx, ready: health}
  - {name: cache, image: redis, ready: {command: redis-cli ping, timeout: 30s}}
steps:
  build:
    build: {context: ., dockerfile: Dockerfile, target: x, args: {A: 1}, tags: [me/x], push: true, cache_from: me/x,
      cache_to: [me/x], secrets: {a: {from_secret: a}}, platform: linux/arm64, pull: false, no_cache: true,
      save: image.tar}
    pull: true
    commands: [make, 'make test']
    entrypoint: [bash, -c]
    environment: {A: 1, B: {from_secret: b}, C: [x, 1], D: {deep: {from_secret: d}}, E: }
    directory: sub
    depends_on: []
    if: failure
    failure: ignore
    detach: false
    timeout: 10m
    retry: 2
    outputs: [VERSION]
    cache: [{key: 'a-{{ platform }}', restore_keys: [a], paths: [vendor]}]
    artifacts: {paths: [dist, "!dist/tmp"], on: always, expire: 30d}
    reports: {junit: 'report/*.xml', cobertura: [coverage.xml], lcov: lcov.info}
    artifacts_from: [lint, {workflow: docs, paths: [html], to: incoming}]
    resources: {cpus: 1.5, memory: 1.5 GiB, pids: 100}
    privileged: ${TRUE}
    volumes: ['/a:/b']
    devices: [/dev/kvm]
    tmpfs: /tmp
    dns: 1.1.1.1
    dns_search: [example.org]
    extra_hosts: ['a:1.2.3.4']
    network_mode: none
    backend_options: {docker: {user: '1000:1000'}}
    when: {evaluate: 'CI == "true"', local: false, status: [success], matrix: {GO: 1.*}, cron: nightly, repo: me/x,
      ref: refs/heads/main, instance: ci, platform: linux/*, event: push}
  loaded: {load: image.tar, commands: [make], reports: {junit: a.xml, cobertura: [b.xml], lcov: c.info}}
  plugin: {image: plugins/x, settings: {password: {from_secret: p}, list: [a, {b: {from_secret: c}}]}}
"#;

#[test]
fn every_key_is_taken() {
    assert_eq!(against(&validator(), EVERYTHING.as_bytes()), [""; 0]);
    let mut used = Vec::new();
    keys(&read(EVERYTHING.as_bytes()), &mut used);
    let schema = schema();
    let definitions = schema["$defs"].as_object().unwrap().iter();
    let sections = definitions.filter(|(name, _)| !["checkout", "axes", "clone_step"].contains(&name.as_str()));
    for (name, section) in sections {
        for key in section["properties"].as_object().into_iter().flatten().map(|(key, _)| key) {
            let is_other = ["port", "health", "ignore_message"].contains(&key.as_str());
            assert!(is_other || used.contains(key), "{name}.{key} is in no test");
        }
    }
}

fn keys(value: &Json, found: &mut Vec<String>) {
    match value {
        Json::Object(map) => map.iter().for_each(|(key, value)| {
            found.push(key.clone());
            keys(value, found);
        }),
        Json::Array(items) => items.iter().for_each(|item| keys(item, found)),
        _ => {}
    }
}

#[test]
fn what_is_wrong_is_refused() {
    let validator = validator();
    let step = |more: &str| format!("steps: [{{image: x, {more}}}]");
    let file = |more: &str| format!("steps: [{{image: x}}]\n{more}");
    let wrong = [
        "steps: []".to_owned(),
        "labels: {a: b}".to_owned(),
        "steps: [{commands: [a]}]".to_owned(),
        step("comands: [a]"),
        step("commands: {a: b}"),
        step("environment: [A=b]"),
        step("environment: {A: {from_secret: [a]}}"),
        step("settings: {a: {b: [{from_secret: a, more: b}]}}"),
        step("detach: perhaps"),
        step("timeout: 10"),
        step("timeout: 10 minutes"),
        step("failure: sometimes"),
        step("retry: 11"),
        step("retry: {max: 2, on: [always]}"),
        step("retry: {on: [error]}"),
        step("resources: {memory: much}"),
        step("resources: {cpus: -1}"),
        step("resources: {cpu: 1}"),
        step("ready: 80"),
        step("if: never"),
        step("when: {event: pushed}"),
        step("when: {path: {includes: a}}"),
        step("depends_on: [{optional: true}]"),
        step("backend_options: {docker: {users: a}}"),
        step("build: {file: x}"),
        step("cache: vendor"),
        step("cache: {key: a}"),
        step("cache: {key: a, paths: b, path: c}"),
        file("services: [{image: x, name: a, depends_on: b}]"),
        file("services: [{image: x, name: a, ready: 0}]"),
        file("services: [{image: x, name: a, ready: {timeout: 1m}}]"),
        file("concurrency: {cancel: all}"),
        file("concurrency: 0"),
        file("parameters: {A: {type: text}}"),
        file("parameters: {A: [a, b]}"),
        file("include: [{repo: a/b}]"),
        file("include: {file: a, path: b}"),
        file("matrix: {A: b}"),
        file("matrix: {exclude: {A: b}}"),
        file("workspace: /x"),
        file("pipeline: {}"),
        file("skip_clone: 2"),
    ];
    for text in wrong {
        assert!(!against(&validator, text.as_bytes()).is_empty(), "{text}");
    }
    assert!(!validator.is_valid(&json!([])));
}
