//! The texts that must not appear in a log: secrets, and the forms in which they usually slip out.

use std::{collections::BTreeSet, fmt, fmt::Write as _};

use aho_corasick::AhoCorasick;
use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};

/// Shorter values are not masked: they would blacken the log and still be easy to guess.
const SHORTEST: usize = 4;

/// Shorter pieces of an encoded value are left alone, since they turn up by chance.
const SHORTEST_ENCODED: usize = 6;

/// What is looked for.
#[derive(Default)]
pub struct Needles {
    sorted: Vec<Vec<u8>>,
    automaton: Option<AhoCorasick>,
}

impl fmt::Debug for Needles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Needles").field("count", &self.sorted.len()).finish_non_exhaustive()
    }
}

impl Needles {
    /// The needles of these secrets.
    pub fn of<S: AsRef<str>>(secrets: impl IntoIterator<Item = S>) -> Self {
        let mut all = BTreeSet::new();
        for secret in secrets {
            add(secret.as_ref(), &mut all);
        }
        let sorted: Vec<Vec<u8>> = all.into_iter().map(String::into_bytes).collect();
        let automaton = if sorted.is_empty() { None } else { AhoCorasick::new(&sorted).ok() };
        Self { sorted, automaton }
    }

    /// Whether one of them is in the text.
    pub(super) fn are_in(&self, text: &str) -> bool {
        self.automaton.as_ref().is_some_and(|automaton| automaton.is_match(text))
    }

    /// Places of all needles in the text, by their end; they may overlap.
    pub(super) fn places<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = (usize, usize)> + 'a {
        self.automaton
            .iter()
            .flat_map(move |automaton| automaton.find_overlapping_iter(text).map(|found| (found.start(), found.end())))
    }

    /// Where the first needle begins that the end of the text may cut off; the text's length if there is none.
    pub(super) fn cut(&self, text: &[u8]) -> usize {
        let longest = self.sorted.iter().map(Vec::len).max().unwrap_or(0);
        let first = (text.len() + 1).saturating_sub(longest);
        (first..text.len()).find(|start| self.begins(&text[*start..])).unwrap_or(text.len())
    }

    /// Whether a needle begins with the text and goes on after it.
    fn begins(&self, text: &[u8]) -> bool {
        let after = self.sorted.partition_point(|needle| needle.as_slice() <= text);
        self.sorted.get(after).is_some_and(|needle| needle.starts_with(text))
    }
}

fn add(secret: &str, all: &mut BTreeSet<String>) {
    let whole = secret.trim();
    let lines = whole.lines().map(str::trim).chain([whole]).filter(|line| line.len() >= SHORTEST);
    for line in lines {
        // The mask itself must stay readable.
        if line.bytes().any(|byte| byte != b'*') && !line.contains('\n') {
            all.insert(line.to_owned());
        }
        let encoded = [secret, line].into_iter().flat_map(base64_forms).chain([url_form(line), json_form(line)]);
        all.extend(encoded.filter(|form| form.len() >= SHORTEST_ENCODED && !form.contains('\n')));
    }
}

/// Base64 of the text at each of the three alignments that it can have inside a longer one, without the characters that depend on
/// its neighbours.
fn base64_forms(text: &str) -> Vec<String> {
    let mut forms = Vec::new();
    for before in 0..3_usize {
        let mut bytes = vec![0; before];
        bytes.extend_from_slice(text.as_bytes());
        let first = (before * 8).div_ceil(6);
        let last = bytes.len() * 8 / 6;
        for encoded in [STANDARD_NO_PAD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)] {
            forms.extend(encoded.get(first..last).map(str::to_owned));
        }
    }
    forms
}

fn url_form(text: &str) -> String {
    let mut form = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            form.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(form, "%{byte:02X}");
        }
    }
    form
}

fn json_form(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}
