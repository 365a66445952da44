//! How lines look that say what went wrong.

use std::sync::LazyLock;

use regex::Regex;
use slipway_web::ansi::plain;

use super::Pattern;

/// What compilers, test runners, shells and languages begin their bad news with. Where it stands in the line matters:
/// `0 errors` and `no such error:` in the middle of prose are no news.
const SIGNS: &[&str] = &[
    // rustc, gcc, clang, npm, go, javac, python, node: `error:`, `error[E0308]:`, `a.c:3:1: fatal error:`, `ValueError:`
    r"(?:^|[\s:>|])(?:fatal |internal |[A-Za-z_.]*)?(?:[Ee]rror|Exception)(?:\[[A-Z]+[0-9]+\]| [A-Z]+[0-9]+)?:(?:\s|$)",
    r"^\W*(?:ERROR|FATAL|CRITICAL|SEVERE)\b",
    r"\[(?:ERROR|FATAL|error)\]|\blevel=(?:error|fatal)\b|\bERR!",
    r"^(?:fatal|error|panic): ",
    r"\bpanicked at\b",
    r"^\s*Traceback \(most recent call last\)",
    r"^\s*(?:---\s+)?FAIL(?:ED)?\b[:\s]|\bFAILED$",
    r"^\s*not ok \d",
    r"^make(?:\[\d+\])?: \*\*\*",
    r"^\s*(?:✗|✖|✘|❌|●) ",
    r"^(?:/bin/)?(?:ba|da|z|a)?sh: .*(?:not found|No such file|[Pp]ermission denied)",
    r"\b(?:Segmentation fault|core dumped|command not found|undefined reference to)\b",
];

/// What a step's shell writes before a command: what it prints is news, what it is told is none.
const COMMAND: &str = "+ ";

/// Lines that say what went wrong.
pub fn trouble() -> &'static Pattern {
    static PATTERN: LazyLock<Pattern> = LazyLock::new(|| {
        #[allow(clippy::expect_used, reason = "a constant, tested below")]
        Pattern::fixed(Regex::new(&SIGNS.join("|")).expect("the signs are regular expressions"), Some(COMMAND), plain)
    });
    &PATTERN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_news_is_seen_and_other_lines_are_not() {
        for line in [
            "error[E0308]: mismatched types",
            "error: test failed, to rerun pass `--lib`",
            "src/main.c:12:5: error: 'x' undeclared",
            "main.c:1:10: fatal error: none.h: No such file or directory",
            "src/a.ts(3,5): error TS2304: Cannot find name 'x'.",
            "thread 'a' panicked at src/lib.rs:3:5:",
            "Traceback (most recent call last):",
            "ValueError: no number",
            "java.lang.IllegalStateException: no",
            "--- FAIL: TestLights (0.00s)",
            "FAIL src/app.test.js",
            "test cache::answers_304 ... FAILED",
            "FAILED tests/test_a.py::test_b - assert 1 == 2",
            "not ok 3 - lights",
            "npm ERR! code 1",
            "[ERROR] COMPILATION ERROR :",
            "2026-01-01T00:00:00Z level=error msg=x",
            "ERROR: Job failed",
            "make: *** [Makefile:3: all] Error 1",
            "make[1]: *** No rule to make target 'x'.",
            "sh: nosuch: not found",
            "/bin/sh: nosuch: not found",
            "fatal: not a git repository",
            "panic: runtime error: index out of range",
        ] {
            assert!(trouble().find(line).next().is_some(), "{line}");
        }
        for line in [
            "0 errors, 0 warnings",
            "test errors::are_shown ... ok",
            "   Compiling thiserror v2.0.0",
            "test result: ok. 12 passed; 0 failed",
            "compiling error.rs",
            "PASS src/error.test.js",
            "no failures",
            "+ echo 'a.c:3:1: error: none'",
        ] {
            assert!(trouble().find(line).next().is_none(), "{line}");
        }
    }
}
