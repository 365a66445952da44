//! Patterns as Woodpecker has them: `*` stays within a path's part, `**` does not.

use std::{cell::RefCell, collections::HashMap};

use globset::{GlobBuilder, GlobMatcher};

/// Longest pattern, in bytes.
const MOST: usize = 512;
/// Most different patterns of a build.
const MOST_PATTERNS: usize = 500;

/// The patterns of a build, each compiled once for all matrix cells.
#[derive(Debug, Default)]
pub(crate) struct Globs(RefCell<HashMap<String, Compiled>>);

type Compiled = Result<Vec<GlobMatcher>, String>;

impl Globs {
    /// The matchers of one pattern: `a/**` fits `a`, too, and so has two.
    pub(crate) fn get(&self, pattern: &str) -> Compiled {
        let mut known = self.0.borrow_mut();
        if let Some(compiled) = known.get(pattern) {
            return compiled.clone();
        }
        if known.len() >= MOST_PATTERNS {
            return Err(format!("the pipeline has more than {MOST_PATTERNS} different ones"));
        }
        let compiled = compile(pattern);
        known.insert(pattern.to_owned(), compiled.clone());
        compiled
    }
}

fn compile(pattern: &str) -> Compiled {
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
