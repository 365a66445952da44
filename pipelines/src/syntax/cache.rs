//! `cache:` on a step.

use super::{
    cache_key, keys,
    reader::{Reader, Spanned, first_line},
};
use crate::{
    plan::{CacheKey, KeyPart, LONGEST_CACHE_KEY},
    yaml::{Node, Value},
};

/// Length of a checksum in a key.
const CHECKSUM: usize = 64;
/// Most `restore_keys`.
const MOST_KEYS: usize = 20;

/// An item of `cache:`.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    pub(crate) key: CacheKey,
    pub(crate) restore_keys: Vec<CacheKey>,
    /// As written, relative to the checkout.
    pub(crate) paths: Vec<Spanned<String>>,
}

impl Reader<'_> {
    /// A map, or a list of them.
    pub(crate) fn caches(&mut self, node: &Node) -> Vec<Cache> {
        match &node.value {
            Value::List(items) => items.iter().filter_map(|item| self.cache(item)).collect(),
            Value::Map(_) => self.cache(node).into_iter().collect(),
            Value::Scalar(_) => {
                self.not_a_cache(node);
                Vec::new()
            }
        }
    }

    fn cache(&mut self, node: &Node) -> Option<Cache> {
        if !matches!(node.value, Value::Map(_)) {
            self.not_a_cache(node);
            return None;
        }
        self.section(node, "`cache`", &keys::CACHE)?;
        let at = first_line(node.span);
        let key = match node.given("key") {
            Some(key) => self.cache_key(key, "key"),
            None => {
                self.error(at, "a `cache` takes a `key`, which names it")
                    .help("write `key: gems-{{ checksum \"Gemfile.lock\" }}`: the file that says what is in it");
                None
            }
        };
        let restore_keys: Vec<CacheKey> = match node.given("restore_keys") {
            Some(list) => match &list.value {
                Value::List(items) => items.iter().filter_map(|item| self.cache_key(item, "restore_keys")).collect(),
                Value::Scalar(_) | Value::Map(_) => self.cache_key(list, "restore_keys").into_iter().collect(),
            },
            None => Vec::new(),
        };
        if restore_keys.len() > MOST_KEYS {
            self.error(at, format!("a `cache` takes at most {MOST_KEYS} `restore_keys`"));
        }
        let paths = node.given("paths").map(|paths| self.texts(paths, "paths")).unwrap_or_default();
        if paths.is_empty() {
            self.error(at, "a `cache` takes `paths`, the files and folders that are kept")
                .help("write `paths: [vendor/bundle]`");
        }
        Some(Cache { key: key?, restore_keys, paths })
    }

    fn not_a_cache(&mut self, node: &Node) {
        self.wrong(node, "cache", "a map").help("write `cache: {key: …, paths: [FOLDER]}`");
    }

    /// A key. It is split before `${…}` is replaced, so that no value becomes a `{{ … }}`.
    fn cache_key(&mut self, node: &Node, what: &str) -> Option<CacheKey> {
        let Value::Scalar(scalar) = &node.value else {
            if matches!(&node.value, Value::Map(_)) {
                self.wrong(node, what, "text").help("put the key in quotes: a `{` begins a map");
            } else {
                self.wrong(node, what, "text");
            }
            return None;
        };
        let parts = match cache_key::parse(&scalar.text) {
            Ok(parts) => parts,
            Err(wrong) => {
                let found = self.error(node.span, wrong.message);
                found.help(wrong.help);
                return None;
            }
        };
        let mut key = Vec::with_capacity(parts.len());
        for part in parts {
            key.push(match part {
                KeyPart::Text(text) => KeyPart::Text(self.substituted(&text, node.span)),
                KeyPart::Checksum(patterns) => {
                    let patterns = patterns.iter().map(|pattern| self.substituted(pattern, node.span)).collect();
                    self.check_patterns(&patterns, node);
                    KeyPart::Checksum(patterns)
                }
                KeyPart::Platform => KeyPart::Platform,
            });
        }
        let key = CacheKey(key);
        let length: usize = key.0.iter().map(length).sum();
        let is_plain = key.0.iter().all(|part| match part {
            KeyPart::Text(text) => !text.chars().any(char::is_control),
            KeyPart::Checksum(_) | KeyPart::Platform => true,
        });
        if length == 0 {
            let help = "`${…}` takes `CI_*`, axes of the matrix and parameters; any other name is empty";
            self.error(node.span, format!("`{what}` is empty")).help(help);
        } else if length > LONGEST_CACHE_KEY || !is_plain {
            let help = format!("a key is one line of at most {LONGEST_CACHE_KEY} bytes");
            self.error(node.span, format!("`{what}` is not a key of a cache")).help(help);
        }
        Some(key)
    }

    fn check_patterns(&mut self, patterns: &Vec<String>, node: &Node) {
        for pattern in patterns {
            let leaves = pattern.starts_with('/') || pattern.split('/').any(|part| part == "..");
            let wrong = if pattern.is_empty() || pattern.chars().any(char::is_control) {
                Some("it names no file".to_owned())
            } else if leaves {
                Some("it leads out of the checkout".to_owned())
            } else {
                self.globs.get(pattern).err()
            };
            if let Some(why) = wrong {
                self.error(node.span, format!("no checksum of `{}`: {why}", pattern.escape_debug()))
                    .help("write a file relative to the checkout, or a pattern: `Gemfile.lock`, `**/go.sum`");
            }
        }
    }
}

fn length(part: &KeyPart) -> usize {
    match part {
        KeyPart::Text(text) => text.len(),
        KeyPart::Checksum(_) | KeyPart::Platform => CHECKSUM,
    }
}
