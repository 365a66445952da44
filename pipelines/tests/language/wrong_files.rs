//! Files that are wrong, and what is said about them: `wrong/NAME.yml` beside `wrong/NAME.txt`. Files whose name begins with
//! `woodpecker-` are read as Woodpecker's. `UPDATE=1 cargo test` writes the texts anew; read the difference before you commit it.

use std::{fs, path::Path};

use slipway_pipelines::{compile::compile, context::SourceFile, render::render};

use crate::common::push;

#[test]
fn every_wrong_file_is_answered_as_written_down() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wrong");
    let mut count = 0;
    let mut different = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yml") {
            continue;
        }
        count += 1;
        let is_woodpecker = path.file_name().unwrap().to_string_lossy().starts_with("woodpecker-");
        let name = if is_woodpecker { ".woodpecker.yml" } else { ".slipway.yml" };
        let files = [SourceFile { path: name.into(), bytes: fs::read(&path).unwrap() }];
        let done = compile(&files, &push());
        assert!(!done.diagnostics.is_empty(), "{}", path.display());
        let text = render(&done.diagnostics, &files, false);
        let wanted = path.with_extension("txt");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&wanted, &text).unwrap();
        } else if fs::read_to_string(&wanted).unwrap_or_default() != text {
            different.push(format!("{}:\n{text}", path.display()));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert!(count >= 25, "only {count} files");
}
