//! What is looked for.

use std::borrow::Cow;

use regex::{Regex, RegexBuilder};
use slipway_web::ansi::plain;

/// Longest pattern in bytes.
const LONGEST: usize = 1000;
/// Most memory of one that is ready, and of its cache.
const SIZE: usize = 1 << 20;
const NESTED: u32 = 50;

/// What is looked for in each line.
#[derive(Clone, Debug)]
pub struct Pattern {
    regex: Regex,
    /// Lines that begin so are passed over.
    except: Option<&'static str>,
    /// What is looked at of a line.
    pub(super) view: View,
}

/// A line's bytes as text.
pub(super) type View = for<'a> fn(&'a [u8]) -> Cow<'a, str>;

/// Why a pattern cannot be looked for: a lower-case fragment.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct PatternError(String);

impl Pattern {
    /// Of what somebody typed: text, or a regular expression.
    pub fn new(text: &str, regex: bool, case: bool) -> Result<Self, PatternError> {
        if text.is_empty() {
            return Err(PatternError("`q` is empty".to_owned()));
        }
        if text.len() > LONGEST {
            return Err(PatternError(format!("`q` is longer than {LONGEST} bytes")));
        }
        let source = if regex { text.to_owned() } else { regex::escape(text) };
        let built = RegexBuilder::new(&source)
            .case_insensitive(!case)
            .size_limit(SIZE)
            .dfa_size_limit(SIZE)
            .nest_limit(NESTED)
            .build();
        match built {
            Ok(regex) => Ok(Self { regex, except: None, view: plain }),
            Err(regex::Error::CompiledTooBig(_)) => {
                Err(PatternError("`q` is a regular expression that gets too large: repeat less in it".to_owned()))
            }
            Err(error) => Err(PatternError(format!("`q` is no regular expression: {}", last_line(&error.to_string())))),
        }
    }

    pub(super) fn fixed(regex: Regex, except: Option<&'static str>, view: View) -> Self {
        Self { regex, except, view }
    }

    /// Where it is in a line, in bytes. What has no character is no match.
    pub fn find<'a>(&'a self, line: &'a str) -> impl Iterator<Item = std::ops::Range<usize>> + 'a {
        let line = match self.except {
            Some(except) if line.starts_with(except) => "",
            _ => line,
        };
        self.regex.find_iter(line).map(|found| found.range()).filter(|range| !range.is_empty())
    }
}

/// The crate draws the expression with a caret below; its last line says what is wrong.
fn last_line(text: &str) -> &str {
    let last = text.lines().next_back().unwrap_or(text);
    last.strip_prefix("error: ").unwrap_or(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said() {
        let why = |text: &str| Pattern::new(text, true, false).unwrap_err().to_string();
        assert_eq!(why("(a"), "`q` is no regular expression: unclosed group");
        assert!(why("(?:a{1000}){1000}").contains("too large"));
        assert_eq!(why(&"x".repeat(1001)), "`q` is longer than 1000 bytes");
        assert_eq!(why(""), "`q` is empty");
    }

    #[test]
    fn text_is_text_and_case_is_asked_for() {
        let find = |text: &str, regex, case, line| Pattern::new(text, regex, case).unwrap().find(line).count();
        assert_eq!(find("a.c", false, true, "a.c abc A.C"), 1);
        assert_eq!(find("a.c", false, false, "a.c abc A.C"), 2);
        assert_eq!(find("a.c", true, false, "a.c abc A.C"), 3);
        assert_eq!(find("x*", true, true, "abc"), 0, "nothing is found nowhere");
    }
}
