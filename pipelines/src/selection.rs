//! Patterns of files in a checkout: which are meant, and where to look for them. Of `artifacts`, `artifacts_from` and `reports`.
//!
//! As in `when.path`: `*` and `?` stay within a part of a path, `**` does not, and there are `[a-z]` and `{a,b}`. A pattern that fits
//! a folder stands for all that is in it. What a pattern with `!` fits is taken away, wherever in the list that stands.

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

/// Longest pattern, in bytes.
const MOST: usize = 512;

/// Patterns, ready to be asked.
#[derive(Clone, Debug)]
pub struct Selection {
    taken: GlobSet,
    left: GlobSet,
    /// Those that take something, in their order.
    patterns: Vec<String>,
    folders: Vec<String>,
    with_git: bool,
}

/// What is wrong with a pattern.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadPattern {
    /// Begins with `/`.
    #[error("it is an absolute path")]
    Absolute,
    /// Has `..` in it.
    #[error("`..` leads out of the checkout")]
    Parent,
    /// Nothing, or unprintable characters.
    #[error("it is not one line of text")]
    NoText,
    /// Longer than any path.
    #[error("it is longer than {MOST} characters")]
    TooLong,
    /// What the glob's syntax does not allow.
    #[error("{0}")]
    Glob(String),
}

impl BadPattern {
    /// What to write instead.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Absolute | Self::Parent => {
                "write a path below the checkout, such as `dist/`; what lies elsewhere, copy there first"
            }
            Self::NoText | Self::TooLong | Self::Glob(_) => "write a path or a pattern, such as `dist/**/*.js`",
        }
    }
}

/// A pattern without `.` and doubled or closing slashes; `**` for the whole checkout. A leading `!` stays. Its wildcards are not
/// looked at: [`Selection::new`] does that.
///
/// # Errors
///
/// It is none that can be used.
pub fn normal(pattern: &str) -> Result<String, BadPattern> {
    let (sign, path) = split(pattern.trim());
    if path.is_empty() || path.chars().any(char::is_control) {
        return Err(BadPattern::NoText);
    }
    if path.len() > MOST {
        return Err(BadPattern::TooLong);
    }
    if path.starts_with('/') {
        return Err(BadPattern::Absolute);
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    if parts.contains(&"..") {
        return Err(BadPattern::Parent);
    }
    let path = if parts.is_empty() { "**".to_owned() } else { parts.join("/") };
    Ok(format!("{sign}{path}"))
}

fn split(pattern: &str) -> (&str, &str) {
    match pattern.strip_prefix('!') {
        Some(rest) => ("!", rest.trim_start()),
        None => ("", pattern),
    }
}

fn glob(pattern: &str) -> Result<Glob, BadPattern> {
    GlobBuilder::new(pattern)
        .literal_separator(true)
        .backslash_escape(true)
        .empty_alternates(true)
        .build()
        .map_err(|error| BadPattern::Glob(error.kind().to_string()))
}

/// The part of a pattern before its first wildcard, as a path; empty: the checkout.
fn folder(pattern: &str) -> String {
    let is_plain = |part: &&str| !part.contains(['*', '?', '[', ']', '{', '}', '\\']);
    pattern.split('/').take_while(is_plain).collect::<Vec<_>>().join("/")
}

impl Selection {
    /// Of patterns that [`normal`] gave. Without any that takes something, all files are meant.
    ///
    /// # Errors
    ///
    /// One of them is none.
    pub fn new<S: AsRef<str>>(patterns: &[S]) -> Result<Self, BadPattern> {
        let (mut taken, mut left) = (GlobSetBuilder::new(), GlobSetBuilder::new());
        let mut folders: Vec<String> = Vec::new();
        let mut with_git = false;
        let mut named: Vec<String> = Vec::new();
        let mut add = |pattern: &str| {
            with_git |= pattern.split('/').next() == Some(".git");
            folders.push(folder(pattern));
            named.push(pattern.to_owned());
            taken.add(glob(pattern)?);
            Ok(())
        };
        let mut takes = 0;
        for pattern in patterns {
            match split(pattern.as_ref()) {
                ("!", pattern) => {
                    left.add(glob(pattern)?);
                }
                (_, pattern) => {
                    takes += 1;
                    add(pattern)?;
                }
            }
        }
        if takes == 0 {
            add("**")?;
        }
        folders.sort();
        let all = folders.clone();
        folders.dedup();
        // What lies in another of them is found there.
        folders.retain(|inner| !all.iter().any(|outer| outer != inner && is_within(inner, outer)));
        let built = |set: GlobSetBuilder| set.build().map_err(|error| BadPattern::Glob(error.kind().to_string()));
        Ok(Self { taken: built(taken)?, left: built(left)?, patterns: named, folders, with_git })
    }

    /// Whether a path is meant: relative to the checkout, without `.` and `..`. Git's own folder only where a pattern names it.
    pub fn fits(&self, path: &str) -> bool {
        if !self.with_git && is_within(path, ".git") {
            return false;
        }
        let fits = |set: &GlobSet| set.is_match(path) || ancestors(path).any(|folder| set.is_match(folder));
        fits(&self.taken) && !fits(&self.left)
    }

    /// Which of [`Selection::patterns`] fit a path, by position.
    pub fn which(&self, path: &str) -> Vec<usize> {
        let of_folders = ancestors(path).flat_map(|folder| self.taken.matches(folder));
        self.taken.matches(path).into_iter().chain(of_folders).collect()
    }

    /// The patterns that take something.
    pub fn patterns(&self) -> &[String] {
        &self.patterns
    }

    /// Files and folders to look into, none inside of another. An empty one is the checkout.
    pub fn places(&self) -> &[String] {
        &self.folders
    }
}

/// Whether a path is another one or lies in it.
fn is_within(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection(patterns: &[&str]) -> Selection {
        let patterns: Vec<String> = patterns.iter().map(|pattern| normal(pattern).unwrap()).collect();
        Selection::new(&patterns).unwrap()
    }

    #[test]
    fn patterns_are_made_plain_or_refused() {
        for (given, wanted) in [
            ("dist/", Ok("dist")),
            ("./a//b/./c", Ok("a/b/c")),
            (".", Ok("**")),
            ("! dist/tmp/", Ok("!dist/tmp")),
            ("a/**/*.{js,css}", Ok("a/**/*.{js,css}")),
            ("/etc/passwd", Err(BadPattern::Absolute)),
            ("!/etc", Err(BadPattern::Absolute)),
            ("a/../../b", Err(BadPattern::Parent)),
            ("", Err(BadPattern::NoText)),
            ("!", Err(BadPattern::NoText)),
            ("a\nb", Err(BadPattern::NoText)),
        ] {
            assert_eq!(normal(given), wanted.map(str::to_owned), "{given}");
        }
        assert!(matches!(Selection::new(&["a[b"]), Err(BadPattern::Glob(_))));
        assert_eq!(normal(&"x".repeat(513)), Err(BadPattern::TooLong));
    }

    #[test]
    fn a_folder_stands_for_all_that_is_in_it_and_what_is_taken_away_is_gone() {
        for (patterns, fits, not) in [
            (&["dist"][..], &["dist", "dist/a", "dist/a/b"][..], &["distx", "x/dist"][..]),
            (&["*.xml"], &["a.xml", "a.xml/b"], &["a/b.xml"]),
            (&["**/*.xml"], &["a.xml", "a/b.xml"], &["a/b.xmlx"]),
            (&["dist/**", "!dist/tmp", "!**/*.map"], &["dist/a", "dist/tmpx"], &["dist/tmp/a", "dist/x/a.map"]),
            (&["!*.o", "."], &["a", "b/c.o", ".hidden"], &["a.o", ".git/config", ".git"]),
            (&[".git/HEAD"], &[".git/HEAD"], &[".git/config"]),
            (&["!tmp"], &["a"], &["tmp/a"]),
            (&["dist/[ab]?"], &["dist/a1"], &["dist/c1", "dist/a"]),
        ] {
            let selection = selection(patterns);
            fits.iter().for_each(|path| assert!(selection.fits(path), "{patterns:?} {path}"));
            not.iter().for_each(|path| assert!(!selection.fits(path), "{patterns:?} {path}"));
        }
    }

    #[test]
    fn it_looks_only_where_something_can_be() {
        assert_eq!(selection(&["a", "b/*", "!c", "**/x"]).which("a/x"), [2, 0]);
        for (patterns, places) in [
            (&["dist/**/*.js", "dist/css", "dist"][..], &["dist"][..]),
            (&["a/b", "a/bc/*", "!x"], &["a/b", "a/bc"]),
            (&["a", "*.xml"], &[""]),
            (&["!a"], &[""]),
            (&["out/{a,b}/c"], &["out"]),
        ] {
            assert_eq!(selection(patterns).places(), places, "{patterns:?}");
        }
    }
}
