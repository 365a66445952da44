//! Files that are wrong, and what is said about them: `wrong/NAME.yml` and its snapshot in `wrong/said/`. Files whose name begins
//! with `woodpecker-` are read as Woodpecker's. `INSTA_UPDATE=always cargo test -p slipway-pipelines wrong` writes what is said
//! anew; read the difference before you commit it.

use std::{
    collections::BTreeSet,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use slipway_pipelines::{include::sources, render::render};

use crate::case::Case;

/// As the issue asks.
const FEWEST: usize = 150;

fn names_in(folder: &Path, ending: &str) -> BTreeSet<String> {
    let name = |path: PathBuf| path.file_name().unwrap().to_string_lossy().strip_suffix(ending).map(str::to_owned);
    fs::read_dir(folder).unwrap().filter_map(|entry| name(entry.unwrap().path())).collect()
}

#[test]
fn every_wrong_file_is_answered_as_written_down() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wrong");
    let names = names_in(&folder, ".yml");
    let (mut different, mut silent) = (Vec::new(), Vec::new());
    for name in &names {
        let mut case = Case::parse(&fs::read(folder.join(format!("{name}.yml"))).unwrap());
        if name.starts_with("woodpecker-") && case.files[0].path == ".slipway.yml" {
            case.files[0].path = ".woodpecker.yml".into();
        }
        let done = case.compile();
        if done.diagnostics.is_empty() {
            silent.push(name);
            continue;
        }
        let said = render(&done.diagnostics, &sources(&case.files, &case.context.included), false);
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(folder.join("said"));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        let compared =
            catch_unwind(AssertUnwindSafe(|| settings.bind(|| insta::assert_snapshot!(name.as_str(), said))));
        if compared.is_err() {
            different.push(name);
        }
    }
    assert!(silent.is_empty(), "nothing is said about {silent:?}");
    assert!(different.is_empty(), "other things than written down are said about {different:?}");
    let mut left = names_in(&folder.join("said"), ".snap");
    left.retain(|name| !names.contains(name));
    assert!(left.is_empty(), "snapshots without a file: {left:?}");
    assert!(names.len() >= FEWEST, "only {} files", names.len());
}
