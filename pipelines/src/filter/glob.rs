//! Patterns as Woodpecker has them: `*` stays within a path's part, `**` does not.

use globset::{GlobBuilder, GlobMatcher};

/// Longest pattern, in bytes.
const MOST: usize = 1024;

/// The matchers of one pattern: `a/**` fits `a`, too, and so has two.
pub(crate) fn compile(pattern: &str) -> Result<Vec<GlobMatcher>, String> {
    if pattern.len() > MOST {
        return Err(format!("it is longer than {MOST} characters"));
    }
    let build = |pattern: &str| {
        GlobBuilder::new(pattern)
            .literal_separator(true)
            .backslash_escape(true)
            .empty_alternates(true)
            .build()
            .map(|glob| glob.compile_matcher())
            .map_err(|error| error.kind().to_string())
    };
    let mut matchers = vec![build(pattern)?];
    if let Some(folder) = pattern.strip_suffix("/**").filter(|folder| !folder.is_empty())
        && let Ok(matcher) = build(folder)
    {
        matchers.push(matcher);
    }
    Ok(matchers)
}
