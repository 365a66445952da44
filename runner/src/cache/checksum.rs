//! `{{ checksum … }}` of a cache's key.

use std::{collections::BTreeMap, io};

use globset::{GlobBuilder, GlobMatcher};
use sha2::{Digest, Sha256};
use tar::EntryType;

use super::digest::digest;

/// A checksum under way: says what to read, takes it, and gives the digits.
#[derive(Debug)]
pub(crate) struct Checksum {
    patterns: Vec<Pattern>,
    /// SHA-256 of each file that fits, by its path.
    found: BTreeMap<String, String>,
}

#[derive(Debug)]
struct Pattern {
    text: String,
    /// The folder or file that all that fits is in; empty: the checkout.
    root: String,
    /// `None`: the root itself and all that is in it.
    matcher: Option<GlobMatcher>,
    has_hit: bool,
}

/// A checksum.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Sum {
    /// 64 hex digits.
    pub(crate) digits: String,
    /// Patterns that fit nothing.
    pub(crate) missing: Vec<String>,
}

impl Checksum {
    /// One of these patterns. The compiler has checked them.
    pub(crate) fn of(patterns: &[String]) -> Result<Self, String> {
        let patterns = patterns.iter().map(|text| Pattern::new(text)).collect::<Result<_, _>>()?;
        Ok(Self { patterns, found: BTreeMap::new() })
    }

    /// What must be read, relative to the checkout; none is inside another.
    pub(crate) fn roots(&self) -> Vec<String> {
        let mut all: Vec<&str> = self.patterns.iter().map(|pattern| pattern.root.as_str()).collect();
        all.sort_unstable();
        let mut roots: Vec<String> = Vec::new();
        for root in all {
            if !roots.iter().any(|outer| is_below(root, outer)) {
                roots.push(root.to_owned());
            }
        }
        roots
    }

    /// Takes the archive of a root. Names in it begin with the root's last part.
    pub(crate) fn read(&mut self, root: &str, tar: impl io::Read) -> io::Result<()> {
        for entry in tar::Archive::new(tar).entries()? {
            let mut entry = entry?;
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let below = name.trim_start_matches("./").split_once('/').map_or("", |(_, below)| below);
            let path = match (root, below.trim_end_matches('/')) {
                ("", below) => below.to_owned(),
                (root, "") => root.to_owned(),
                (root, below) => format!("{root}/{below}"),
            };
            let kind = entry.header().entry_type();
            let is_wanted = matches!(kind, EntryType::Regular | EntryType::Symlink | EntryType::Link);
            if !is_wanted || !self.fits(&path) {
                continue;
            }
            let target = entry.link_name_bytes().map(|target| target.into_owned());
            let (_, digits) = match target {
                Some(target) => digest(&target[..])?,
                None => digest(&mut entry)?,
            };
            self.found.insert(path, digits);
        }
        Ok(())
    }

    fn fits(&mut self, path: &str) -> bool {
        // Git changes its own files as it likes.
        if is_below(path, ".git") {
            return false;
        }
        let mut fits = false;
        for pattern in &mut self.patterns {
            let hit = match &pattern.matcher {
                Some(matcher) => matcher.is_match(path),
                None => is_below(path, &pattern.root),
            };
            pattern.has_hit |= hit;
            fits |= hit;
        }
        fits
    }

    /// The digits: of one file its own SHA-256, else that of the lines that `sha256sum` prints.
    pub(crate) fn finish(self) -> Sum {
        let missing = self.patterns.iter().filter(|pattern| !pattern.has_hit).map(|pattern| pattern.text.clone());
        let missing = missing.collect();
        if let [Pattern { matcher: None, root, .. }] = &self.patterns[..]
            && let Some(digits) = self.found.get(root)
        {
            return Sum { digits: digits.clone(), missing };
        }
        let mut hash = Sha256::new();
        for (path, digits) in &self.found {
            hash.update(format!("{digits}  {path}\n"));
        }
        Sum { digits: hex::encode(hash.finalize()), missing }
    }
}

impl Pattern {
    fn new(text: &str) -> Result<Self, String> {
        let clean: Vec<&str> = text.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        let is_special = |part: &&str| part.contains(['*', '?', '[', '{', '\\']);
        let plain: Vec<&str> = clean.iter().copied().take_while(|part| !is_special(part)).collect();
        let is_glob = plain.len() < clean.len();
        let matcher = GlobBuilder::new(&clean.join("/"))
            .literal_separator(true)
            .backslash_escape(true)
            .empty_alternates(true)
            .build()
            .map_err(|error| format!("`{text}`: {}", error.kind()))?
            .compile_matcher();
        Ok(Self { text: text.to_owned(), root: plain.join("/"), matcher: is_glob.then_some(matcher), has_hit: false })
    }
}

fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(files: &[(&str, &str)]) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        for (path, text) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, path, text.as_bytes()).unwrap();
        }
        tar.into_inner().unwrap()
    }

    fn checksum(patterns: &[&str]) -> Checksum {
        Checksum::of(&patterns.iter().map(|pattern| (*pattern).to_owned()).collect::<Vec<_>>()).unwrap()
    }

    fn sum(patterns: &[&str], read: &[(&str, &[(&str, &str)])]) -> Sum {
        let mut checksum = checksum(patterns);
        for (root, files) in read {
            checksum.read(root, &archive(files)[..]).unwrap();
        }
        checksum.finish()
    }

    const NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn one_file_has_the_digits_of_sha256sum() {
        let one = sum(&["./a/Gemfile.lock"], &[("a/Gemfile.lock", &[("Gemfile.lock", "hello\n")])]);
        // printf 'hello\n' | sha256sum
        assert_eq!(one.digits, "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03");
        assert_eq!(one.missing, [""; 0]);
    }

    #[test]
    fn several_files_have_the_digits_of_what_sha256sum_prints() {
        // mkdir -p a && echo hello > a/go.sum && echo x > go.sum && sha256sum a/go.sum go.sum | sha256sum
        let digits = "ff94c9176e13318a1442403ac1f9643af1ac0703736b9a1096637b9f18b145ff";
        let files: &[(&str, &str)] = &[
            ("thing/go.sum", "x\n"),
            ("thing/a/go.sum", "hello\n"),
            ("thing/a/go.mod", "y"),
            ("thing/.git/go.sum", "z"),
        ];
        let glob = sum(&["**/go.sum"], &[("", files)]);
        let named =
            sum(&["go.sum", "a/go.sum"], &[("a/go.sum", &[("go.sum", "hello\n")]), ("go.sum", &[("go.sum", "x\n")])]);
        assert_eq!(glob, named);
        assert_eq!(glob.digits, digits);
        assert_ne!(sum(&["**/go.*"], &[("", files)]), glob);
    }

    #[test]
    fn what_is_missing_counts_as_nothing_and_is_said() {
        let none = sum(&["Gemfile.lock"], &[]);
        assert_eq!((none.digits.as_str(), &none.missing[..]), (NOTHING, &["Gemfile.lock".to_owned()][..]));
        let some = sum(&["a", "b/*"], &[("a", &[("a", "x")])]);
        assert_eq!(some.missing, ["b/*"]);
    }

    #[test]
    fn only_what_is_needed_is_read() {
        assert_eq!(checksum(&["a/b/*.lock", "a/b/c", "x"]).roots(), ["a/b", "x"]);
        assert_eq!(checksum(&["a", "**/go.sum"]).roots(), [""]);
        assert_eq!(checksum(&["a/b", "a-b", "a"]).roots(), ["a", "a-b"]);
    }

    #[test]
    fn a_folder_stands_for_all_that_is_in_it() {
        let folder = |text| sum(&["lib"], &[("lib", &[("lib/a", text), ("lib/b/c", "")])]).digits;
        assert_eq!(folder("x"), folder("x"));
        assert_ne!(folder("x"), folder("y"));
        assert_ne!(folder("x"), NOTHING);
    }
}
