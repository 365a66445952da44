//! Pages about tests.

use slipway_pipelines::{state::Status, wire::TestOutcome};
use slipway_web::{time::Moment, views::*};

use crate::{NOW, name};

fn case(name: &str, outcome: TestOutcome, flaked: bool, message: &str) -> CaseView {
    CaseView {
        suite: "spec.tide_spec".to_owned(),
        name: name.to_owned(),
        status: outcome_sign(outcome, flaked),
        word: if flaked { "flaky" } else { outcome.as_str() },
        is_new: name.contains("spring"),
        href: "test-light.html".to_owned(),
        place: "test (RUST=1.94) / test".to_owned(),
        log: "#".to_owned(),
        file: "spec/tide_spec.rb".to_owned(),
        took: took(Some(1_240)),
        message: message.to_owned(),
    }
}

pub(crate) fn cases() -> Vec<CaseView> {
    vec![
        case(
            "Tide knows the spring tide",
            TestOutcome::Failed,
            false,
            "expected: 2\n     got: 1\n\n./spec/tide_spec.rb:9",
        ),
        case("Tide is low twice a day <b>", TestOutcome::Error, false, "ConnectionError: no database"),
        case("Tide is high twice a day", TestOutcome::Passed, true, "timed out"),
        case("Tide knows the moon", TestOutcome::Skipped, false, "needs a moon"),
        case(
            "Tide has a name that is rather long, since somebody described all that it does and all that it does not",
            TestOutcome::Passed,
            false,
            "",
        ),
    ]
}

pub(crate) fn build_tests() -> BuildTestsPage {
    let choice = |text: &str| Choice { text: text.to_owned(), href: "#".to_owned(), current: text.ends_with("all") };
    BuildTestsPage {
        frame: Frame::build_tests(&name("harbour/api"), 118, Status::Failure.into()),
        number: 118,
        build: "build-light.html".to_owned(),
        choices: ["412 all", "2 failed", "1 new", "3 skipped", "407 passed"].map(choice).to_vec(),
        cases: cases(),
        earlier: None,
        later: Some("#".to_owned()),
    }
}

pub(crate) fn tests() -> TestsPage {
    let choice = |text: &str| Choice { text: text.to_owned(), href: "#".to_owned(), current: text == "flaky" };
    let row = |case: CaseView| TestRowView {
        suite: case.suite,
        name: case.name,
        place: case.place,
        href: "test-light.html".to_owned(),
        status: case.status,
        word: case.word,
        build: (118, "#".to_owned()),
        figure: "3 commits".to_owned(),
    };
    TestsPage {
        frame: Frame::tests(&name("harbour/api"), "flaky"),
        owner: "harbour".to_owned(),
        name: "api".to_owned(),
        href: "repository-light.html".to_owned(),
        tests: "tests-light.html".to_owned(),
        settings: "settings-light.html".to_owned(),
        choices: ["slowest", "flaky", "failures"].map(choice).to_vec(),
        about: "In the last 100 builds: tests that failed and passed at the same commit.".to_owned(),
        figure: "Commits",
        rows: cases().into_iter().map(row).collect(),
        quiet: "No test is flaky.",
    }
}

pub(crate) fn test() -> TestPage {
    let run = |at: u64| {
        let bad = at % 7 == 3;
        let outcome = if bad { TestOutcome::Failed } else { TestOutcome::Passed };
        RunView {
            status: outcome_sign(outcome, at == 5),
            word: outcome.as_str(),
            number: 118 - at,
            href: "#".to_owned(),
            mark: if at == 4 { "attempt 2".to_owned() } else { String::new() },
            branch: "main".to_owned(),
            short_sha: "4f2a9c81d0".to_owned(),
            took: took(Some(1_200 + at * 37)),
            created: Moment::new(NOW - at as i64 * 7_300_000, NOW),
            message: if bad { "expected: 2, got: 1".to_owned() } else { String::new() },
        }
    };
    TestPage {
        frame: Frame::tests(&name("harbour/api"), "Tide is low twice a day"),
        suite: "spec.tide_spec".to_owned(),
        name: "Tide is low twice a day".to_owned(),
        place: "test (RUST=1.94) / test".to_owned(),
        file: "spec/tide_spec.rb".to_owned(),
        runs: (0..30).map(run).collect(),
        summary: "5 of the last 30 runs failed".to_owned(),
    }
}
