//! The tables of the README, walked: each row has a case, each case has a row, and each key that the reader knows has a row.
//!
//! A case of the row `timeout` in the table `step` is `table/step/timeout.yml` or `table/step/timeout.ANYTHING.yml`; a case whose row
//! cannot be a file name says it with `#: row`, one of several rows with `#: rows`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use slipway_pipelines::discovery::choose;

use crate::{case::Case, expectation::findings, view::view};

/// A row: table and key.
type Row = (String, String);

fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The rows of all tables behind a `<!-- keys: NAME -->`.
fn rows() -> BTreeSet<Row> {
    let text = fs::read_to_string(folder("README.md")).unwrap();
    let mut rows = BTreeSet::new();
    let mut table: Option<&str> = None;
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("<!-- keys: ").and_then(|rest| rest.strip_suffix(" -->")) {
            table = Some(name);
        } else if !line.starts_with('|') {
            table = None;
        } else if let (Some(table), Some(rest)) = (table, line.strip_prefix("| `")) {
            let (key, rest) = rest.split_once('`').unwrap();
            assert!(rest.starts_with(" |"), "one key a row: {line}");
            let cells: Vec<&str> = rest.trim_start_matches(" |").trim_end_matches('|').split('|').collect();
            assert!(cells.iter().all(|cell| !cell.trim().is_empty()), "an empty cell: {line}");
            assert!(rows.insert((table.to_owned(), key.to_owned())), "a second row: {line}");
        }
    }
    rows
}

/// The keys that the reader knows, by section, as the schema has them.
fn keys() -> BTreeMap<String, BTreeSet<String>> {
    let schema = slipway_pipelines::schema::schema();
    let definitions = schema["$defs"].as_object().unwrap();
    let names = |section: &serde_json::Value| {
        let properties = section["properties"].as_object()?.iter();
        // Keys without an effect are in the table of those that are gone.
        Some(properties.filter(|(_, key)| key["deprecated"] != true).map(|(name, _)| name.clone()).collect())
    };
    definitions.iter().filter_map(|(name, section)| Some((name.clone(), names(section)?))).collect()
}

/// Where else a section's keys have their rows: services and clone steps are steps.
fn shared_with(section: &str) -> Option<&'static str> {
    matches!(section, "service" | "clone_step").then_some("step")
}

/// All cases with the rows that they are for.
fn cases() -> Vec<(PathBuf, Vec<Row>, Case)> {
    let mut cases = Vec::new();
    for section in fs::read_dir(folder("tests/table")).unwrap() {
        let section = section.unwrap().path();
        let table = section.file_name().unwrap().to_string_lossy().into_owned();
        for entry in fs::read_dir(&section).unwrap() {
            let path = entry.unwrap().path();
            let case = Case::parse(&fs::read(&path).unwrap());
            let name = path.file_name().unwrap().to_string_lossy();
            let stem = name.split('.').next().unwrap().to_owned();
            let keys = if case.rows.is_empty() { vec![stem] } else { case.rows.clone() };
            let rows = keys.into_iter().map(|key| (table.clone(), key)).collect();
            cases.push((path, rows, case));
        }
    }
    cases
}

/// What is wrong with a case.
fn wrong(case: &Case, rows: &[Row]) -> Vec<String> {
    assert!(!case.expectations.is_empty(), "a case that expects nothing");
    let chosen = choose(case.paths.iter().map(String::as_str));
    let mut wrong = Vec::new();
    // For discovery there may be nothing but paths.
    let done = if case.paths.is_empty() { Some(case.compile()) } else { None };
    let shown = done.as_ref().map(view).unwrap_or_default();
    wrong.extend(case.expectations.iter().filter_map(|expected| expected.check(&shown, &chosen).err()));
    if let Some(done) = &done {
        wrong.extend(findings(&case.expectations, &done.diagnostics).err());
        assert!(!done.has_errors() || done.jobs.is_empty());
    }
    if rows.len() > 1 {
        let named = |key: &str| case.expectations.iter().any(|expected| expected.is_about(key));
        wrong.extend(rows.iter().filter(|(_, key)| !named(key)).map(|(_, key)| format!("{key} is not looked at")));
    }
    wrong
}

#[test]
fn every_row_has_a_case_that_holds() {
    let rows = rows();
    assert!(rows.len() > 250, "only {} rows were found", rows.len());
    let mut proved: BTreeMap<Row, usize> = BTreeMap::new();
    let mut failed = Vec::new();
    for (path, of, case) in cases() {
        for row in &of {
            assert!(rows.contains(row), "{} is a case of no row: {row:?}", path.display());
            *proved.entry(row.clone()).or_default() += 1;
        }
        let wrong = wrong(&case, &of);
        if !wrong.is_empty() {
            failed.push(format!("{}\n    {}", path.display(), wrong.join("\n    ")));
        }
    }
    let unproved: Vec<&Row> = rows.iter().filter(|row| !proved.contains_key(*row)).collect();
    assert!(unproved.is_empty(), "rows without a case: {unproved:?}");
    assert!(failed.is_empty(), "{} cases failed:\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn every_key_has_a_row_and_every_row_a_key() {
    let (rows, keys) = (rows(), keys());
    assert!(keys.len() >= 15, "only {:?}", keys.keys());
    let has = |section: &str, key: &String| rows.contains(&(section.to_owned(), key.clone()));
    let missing: Vec<_> = keys
        .iter()
        .flat_map(|(section, keys)| keys.iter().map(move |key| (section, key)))
        .filter(|(section, key)| !has(section, key) && !shared_with(section).is_some_and(|other| has(other, key)))
        .collect();
    assert!(missing.is_empty(), "keys without a row: {missing:?}");
    let unknown: Vec<_> =
        rows.iter().filter(|(table, key)| keys.get(table).is_some_and(|keys| !keys.contains(key))).collect();
    assert!(unknown.is_empty(), "rows of keys that the reader does not know: {unknown:?}");
    // So that a table with a misspelt name does not go by unseen.
    let tables: BTreeSet<&str> = rows.iter().map(|(table, _)| table.as_str()).collect();
    let others =
        ["checkout", "compose", "discovery", "drone", "event", "gone", "operator", "variable", "volume", "yaml"];
    let odd: Vec<_> = tables.iter().filter(|table| !keys.contains_key(**table) && !others.contains(table)).collect();
    assert!(odd.is_empty(), "tables of no section: {odd:?}");
}
