//! How lines look that begin or end a section of a log.

use std::sync::LazyLock;

use regex::Regex;

use super::Pattern;

/// GitHub's and Azure's groups; Buildkite's headings, but not the files of a diff and the results of `go test`.
const SIGNS: &str = r"^(?:::group::|::endgroup::|##\[group\]|##\[endgroup\]|(?:---|\+\+\+) (?:[^A-Za-z0-9\s/]|[A-EG-OQ-RT-Z]|F[^A]|P[^A]|S[^K]))";

/// Lines that begin or end a section. What is found is `::group::`, `##[group]`, `::endgroup::` or `##[endgroup]`, or begins with
/// `--- ` or `+++ `.
pub fn sections() -> &'static Pattern {
    static PATTERN: LazyLock<Pattern> = LazyLock::new(|| {
        #[allow(clippy::expect_used, reason = "a constant, tested below")]
        Pattern::fixed(Regex::new(SIGNS).expect("the signs are a regular expression"), None)
    });
    &PATTERN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_seen_and_diffs_are_not() {
        let length = |line: &str| sections().find(line).next().map(|found| found.len());
        for (line, found) in [
            ("::group::Build", Some(9)),
            ("##[group]Build", Some(9)),
            ("::endgroup::", Some(12)),
            ("##[endgroup]", Some(12)),
            ("--- :hammer: Build", Some(5)),
            ("+++ Tests", Some(5)),
            ("--- Publish", Some(6)),
            ("--- a/src/main.rs", None),
            ("+++ b/src/main.rs", None),
            ("--- FAIL: TestLights (0.00s)", None),
            ("--- PASS: TestLights (0.00s)", None),
            ("--- SKIP: TestLights (0.00s)", None),
            ("+ ::group::", None),
            ("a ::group::", None),
            ("-----", None),
        ] {
            assert_eq!(length(line), found, "{line}");
        }
    }
}
