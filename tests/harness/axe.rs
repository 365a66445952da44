//! axe-core in a page: what keeps people from using it.

use std::{fs, path::PathBuf};

use serde_json::Value;

use super::chromium::Browser;

/// axe-core's script. `None`, and a loud word, when it is not there.
pub(crate) fn script() -> Option<String> {
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let found = fs::read_to_string(home.join(".cache/slipway-tests/npm/axe-core-4.14.1/axe.min.js"));
    if found.is_err() {
        eprintln!("SKIPPED: no axe-core for tests: run tests/setup/axe.sh");
    }
    found.ok()
}

/// What is wrong with the page that the browser shows, a line each.
pub(crate) async fn violations(browser: &Browser, script: &str) -> Vec<String> {
    let run = "const done = arguments[arguments.length - 1];
        axe.run(document, { resultTypes: ['violations'] }).then(
            (found) => done(found.violations.flatMap((one) => one.nodes.map((node) =>
                `${one.id} (${one.impact}): ${node.html.slice(0, 160)} ${node.any.map((why) => why.message).join('; ')}`))),
            (error) => done([`axe-core failed: ${error}`]));";
    browser.page.execute(script, vec![]).await.expect("axe-core is put in");
    let found = browser.page.execute_async(run, vec![]).await.expect("axe-core runs");
    let Value::Array(found) = found else { panic!("axe-core answered {found}") };
    found.iter().map(|line| line.as_str().unwrap_or("?").to_owned()).collect()
}
