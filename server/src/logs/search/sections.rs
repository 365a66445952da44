//! How lines look that begin or end a section of a log.

use std::{borrow::Cow, sync::LazyLock};

use memchr::memmem;
use regex::Regex;
use slipway_web::ansi::plain;

use super::Pattern;

/// GitHub's and Azure's groups; Buildkite's headings, but not the files of a diff and the results of `go test`; GitLab's sections,
/// of which [`signs`] keeps only the words.
const SIGNS: &str = concat!(
    r"^(?:::group::|::endgroup::|##\[group\]|##\[endgroup\]|(?:---|\+\+\+) (?:[^A-Za-z0-9\s/]|[A-EG-OQ-RT-Z]|F[^A]|P[^A]|S[^K]))",
    r"|\x01section_(?:start|end):"
);

/// Lines that begin or end a section. What is found is `::group::`, `##[group]`, `::endgroup::` or `##[endgroup]`, begins with
/// `--- ` or `+++ `, or is GitLab's `section_start:` or `section_end:` behind a character that no drawn line has.
pub fn sections() -> &'static Pattern {
    static PATTERN: LazyLock<Pattern> = LazyLock::new(|| {
        #[allow(clippy::expect_used, reason = "a constant, tested below")]
        Pattern::fixed(Regex::new(SIGNS).expect("the signs are a regular expression"), None, signs)
    });
    &PATTERN
}

/// A line as it is drawn; of GitLab's marks, which overwrite themselves when drawn, their words: `\x01section_start:`.
fn signs(line: &[u8]) -> Cow<'_, str> {
    let marks: String = memmem::find_iter(line, b"\x1b[0Ksection_")
        .filter_map(|at| {
            let (name, rest) =
                line[at + 4..].split_at_checked(line[at + 4..].iter().position(|byte| *byte == b':')?)?;
            let digits = rest[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            let is_one = digits > 0 && rest.get(1 + digits) == Some(&b':');
            (is_one && matches!(name, b"section_start" | b"section_end"))
                .then(|| format!("\x01{}:", String::from_utf8_lossy(name)))
        })
        .collect();
    if marks.is_empty() { plain(line) } else { Cow::Owned(marks) }
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

    #[test]
    fn gitlabs_marks_are_seen_although_they_are_not_drawn() {
        let lengths =
            |line: &str| -> Vec<usize> { sections().find(&signs(line.as_bytes())).map(|found| found.len()).collect() };
        let start = "\x1b[0Ksection_start:1560896352:build[collapsed=true]\r\x1b[0KBuild";
        let end = "\x1b[0Ksection_end:1560896353:build\r\x1b[0K";
        assert_eq!(lengths(start), [15]);
        assert_eq!(lengths(end), [13]);
        assert_eq!(lengths(&format!("{end}{start}")), [13, 15], "both in one line");
        for other in [
            "section_start:1560896352:a",
            "\x1b[0Ksection_start:now:a",
            "\x1b[0Ksection_ends:1:a",
            "\x1b[0Ksection_start",
        ] {
            assert_eq!(lengths(other), [0; 0], "{other:?}");
        }
        assert_eq!(plain(start.as_bytes()), "Build");
    }
}
