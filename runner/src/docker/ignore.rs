//! `.dockerignore`: which files of a context the engine does not get.

use globset::{GlobBuilder, GlobMatcher};

/// Rules in the order of the file; the last that fits decides.
#[derive(Default, Debug)]
pub(super) struct Ignore(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    /// What it names, or what is in it.
    matchers: [GlobMatcher; 2],
    leaves_out: bool,
}

impl Ignore {
    /// Reads the file. A line that is no pattern is an error that names it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.map(Rule::parse).filter_map(Result::transpose).collect::<Result<_, _>>().map(Self)
    }

    /// Whether a path, relative to the context, is left out.
    pub(super) fn leaves_out(&self, path: &str) -> bool {
        let rule = self.0.iter().rfind(|rule| rule.matchers.iter().any(|matcher| matcher.is_match(path)));
        rule.is_some_and(|rule| rule.leaves_out)
    }
}

impl Rule {
    fn parse(line: &str) -> Result<Option<Self>, String> {
        let (leaves_out, pattern) = match line.strip_prefix('!') {
            Some(pattern) => (false, pattern.trim_start()),
            None => (true, line),
        };
        let parts: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        if parts.is_empty() || parts.contains(&"..") {
            return Ok(None);
        }
        // Braces are not special there.
        let pattern = parts.join("/").replace('{', "[{]").replace('}', "[}]");
        let glob = |pattern: &str| {
            let glob = GlobBuilder::new(pattern).literal_separator(true).backslash_escape(true).build();
            glob.map(|glob| glob.compile_matcher()).map_err(|error| format!("`{line}` in .dockerignore: {error}"))
        };
        Ok(Some(Self { matchers: [glob(&pattern)?, glob(&format!("{pattern}/**"))?], leaves_out }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_rule_that_fits_decides() {
        let ignore =
            Ignore::parse("# comment\n\n*.md\n!README.md\n/target/\n**/node_modules\na?c\ndocs/*\n{x}\n").unwrap();
        for out in
            ["x.md", "target", "target/a/b", "node_modules", "a/b/node_modules/c", "abc", "docs/a", "docs/a/b", "{x}"]
        {
            assert!(ignore.leaves_out(out), "{out}");
        }
        for kept in ["README.md", "sub/x.md", "src/target", "ac", "a/c", "docs", "x", "main.rs"] {
            assert!(!ignore.leaves_out(kept), "{kept}");
        }
    }

    #[test]
    fn a_folder_can_be_left_out_but_for_a_part() {
        let ignore = Ignore::parse("*\n!src\n").unwrap();
        assert!(ignore.leaves_out("Makefile") && !ignore.leaves_out("src/main.rs"));
    }

    #[test]
    fn a_broken_pattern_is_named() {
        assert!(Ignore::parse("ok\n[a").unwrap_err().contains("`[a`"));
    }
}
