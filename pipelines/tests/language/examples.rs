//! The examples compile without a finding.

use std::{fs, path::Path};

use slipway_pipelines::{compile::compile, context::SourceFile, discovery::choose, include::missing};

use crate::common::push;

/// The files below a folder, as paths in it.
fn paths(folder: &Path, prefix: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            paths(&entry.path(), &format!("{name}/"), found);
        } else {
            found.push(name);
        }
    }
}

#[test]
fn every_example_compiles() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut count = 0;
    for entry in fs::read_dir(examples).unwrap() {
        let folder = entry.unwrap().path();
        if !folder.is_dir() {
            continue;
        }
        let mut found = Vec::new();
        paths(&folder, "", &mut found);
        let read = |path: &str| SourceFile { path: path.to_owned(), bytes: fs::read(folder.join(path)).unwrap() };
        let files: Vec<SourceFile> = choose(found.iter().map(String::as_str)).into_iter().map(read).collect();
        let mut context = push();
        loop {
            let wanted = missing(&files, &context.included);
            if wanted.is_empty() {
                break;
            }
            for reference in wanted {
                assert_eq!(reference.repository, None, "an example is whole");
                let bytes = fs::read(folder.join(&reference.path)).map_err(|error| error.to_string());
                context.included.insert(reference, bytes);
            }
        }
        let done = compile(&files, &context);
        assert_eq!(done.diagnostics, [], "{}", folder.display());
        assert!(!done.jobs.is_empty(), "{}", folder.display());
        count += 1;
    }
    assert!(count > 0);
}
