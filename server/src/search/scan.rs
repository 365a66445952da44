//! Looks for text in pieces of a log. Plain text is looked for in whole blocks, at the speed of memory; where colours
//! or a regular expression come in, line by line, as the text is drawn. Pure.

use regex::{Regex, RegexBuilder};

use crate::logs::{Pattern, PatternError};
use slipway_web::ansi::plain;

/// Bytes of a line that are looked at; the rest of a longer one is passed over.
const LONGEST: usize = 64 * 1024;
/// Bytes that are looked at as one: small enough that one colour spoils little.
const BLOCK: usize = 16 * 1024;
/// Characters of a line that are shown, and how many of them before the match.
const SHOWN: usize = 240;
const BEFORE: usize = 60;

/// What is looked for.
#[derive(Clone, Debug)]
pub(crate) struct Needle {
    pattern: Pattern,
    /// Finds plain text in many lines at once; none for a regular expression, which may see where lines end.
    block: Option<Regex>,
}

/// A line that has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Line {
    /// From 1.
    pub(crate) number: u64,
    /// A part of its text: before the first match, the match, after it.
    pub(crate) text: [String; 3],
}

/// A search in one log.
#[derive(Debug)]
pub(crate) struct Scan {
    /// Number of the line that goes on.
    line: u64,
    /// What came of it.
    held: Vec<u8>,
    /// How many lines are kept.
    most: usize,
    /// The first lines that have it.
    pub(crate) lines: Vec<Line>,
}

impl Needle {
    /// Of what somebody typed: text, or a regular expression. Capital letters in plain text make case count.
    pub(crate) fn new(text: &str, regex: bool) -> Result<Self, PatternError> {
        let case = !regex && text.chars().any(char::is_uppercase);
        let pattern = Pattern::new(text, regex, case)?;
        let plain = !regex && !text.contains(['\n', '\r', '\x1b']);
        let block =
            plain.then(|| RegexBuilder::new(&regex::escape(text)).case_insensitive(!case).build().ok()).flatten();
        Ok(Self { pattern, block })
    }

    /// Where it first is in a line.
    pub(crate) fn find(&self, text: &str) -> Option<std::ops::Range<usize>> {
        self.pattern.find(text).next()
    }
}

impl Scan {
    /// Keeps so many lines.
    pub(crate) fn new(most: usize) -> Self {
        Self { line: 1, held: Vec::new(), most, lines: Vec::new() }
    }

    /// Whether nothing more is wanted.
    pub(crate) fn is_full(&self) -> bool {
        self.lines.len() >= self.most
    }

    /// Looks through the next bytes.
    pub(crate) fn push(&mut self, needle: &Needle, mut bytes: &[u8]) {
        if !self.held.is_empty() {
            let Some(end) = memchr::memchr(b'\n', bytes) else { return self.hold(bytes) };
            self.hold(&bytes[..end]);
            let held = std::mem::take(&mut self.held);
            self.look(needle, &held);
            bytes = &bytes[end + 1..];
        }
        while !bytes.is_empty() && !self.is_full() {
            let window = &bytes[..bytes.len().min(BLOCK)];
            // Whole lines: to the last end in the window, or to the first one after it.
            let end = memchr::memrchr(b'\n', window)
                .or_else(|| memchr::memchr(b'\n', &bytes[window.len()..]).map(|end| end + window.len()));
            let Some(end) = end else { return self.hold(bytes) };
            self.block(needle, &bytes[..=end]);
            bytes = &bytes[end + 1..];
        }
    }

    /// Looks at the line that has not ended, when no more comes.
    pub(crate) fn finish(mut self, needle: &Needle) -> Vec<Line> {
        let held = std::mem::take(&mut self.held);
        if !held.is_empty() && !self.is_full() {
            self.look(needle, &held);
        }
        self.lines
    }

    /// Whole lines.
    fn block(&mut self, needle: &Needle, bytes: &[u8]) {
        if let Some(block) = &needle.block
            && memchr::memchr(b'\x1b', bytes).is_none()
            && let Ok(text) = std::str::from_utf8(bytes)
            && !block.is_match(text)
        {
            self.line += memchr::memchr_iter(b'\n', bytes).count() as u64;
            return;
        }
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.look(needle, line.strip_suffix(b"\n").unwrap_or(line));
            if self.is_full() {
                return;
            }
        }
    }

    fn look(&mut self, needle: &Needle, line: &[u8]) {
        let text = plain(&line[..line.len().min(LONGEST)]);
        if let Some(range) = needle.find(&text) {
            self.lines.push(Line { number: self.line, text: excerpt(&text, range) });
        }
        self.line += 1;
    }

    fn hold(&mut self, bytes: &[u8]) {
        let room = LONGEST - self.held.len().min(LONGEST);
        self.held.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

/// A part of a line around a match.
pub(crate) fn excerpt(text: &str, range: std::ops::Range<usize>) -> [String; 3] {
    let (before, rest) = text.split_at(range.start);
    let (found, after) = rest.split_at(range.end - range.start);
    let skip = before.chars().count().saturating_sub(BEFORE);
    let mut shown: String = before.chars().skip(skip).collect();
    if skip > 0 {
        shown.insert(0, '…');
    }
    let found: String = found.chars().take(SHOWN).collect();
    let room = SHOWN.saturating_sub(shown.chars().count() + found.chars().count());
    let mut end: String = after.chars().take(room).collect();
    if end.len() < after.len() {
        end.push('…');
    }
    [shown.trim_start().to_owned(), found, end.trim_end().to_owned()]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(needle: &Needle, pieces: &[&[u8]], most: usize) -> Vec<(u64, String)> {
        let mut scan = Scan::new(most);
        pieces.iter().for_each(|piece| scan.push(needle, piece));
        scan.finish(needle).into_iter().map(|line| (line.number, line.text.concat())).collect()
    }

    #[test]
    fn colours_do_not_hide_what_is_drawn() {
        let needle = Needle::new("is out", false).unwrap();
        let log = b"one\n\x1b[31mthe tide is \x1b[1mout\x1b[0m\nthree\nis OUT";
        assert_eq!(found(&needle, &[log], 9), [(2, "the tide is out".to_owned()), (4, "is OUT".to_owned())]);
        assert_eq!(found(&Needle::new("OUT", false).unwrap(), &[log], 9), [(4, "is OUT".to_owned())]);
        assert_eq!(found(&needle, &[log], 1).len(), 1);
    }

    #[test]
    fn a_regular_expression_sees_lines() {
        let needle = Needle::new("^t.*e$", true).unwrap();
        assert_eq!(found(&needle, &[b"one\nthree\ntwo\nthe\r\n"], 9), [(2, "three".to_owned()), (4, "the".to_owned())]);
        assert!(Needle::new("(", true).is_err() && Needle::new("", false).is_err());
    }

    #[test]
    fn a_long_line_is_shown_around_its_match() {
        let line = format!("{}needle{}", "é".repeat(500), "x".repeat(500));
        let [before, found, after] = excerpt(&line, 1000..1006);
        assert_eq!((before.chars().count(), found.as_str()), (61, "needle"));
        assert!(before.starts_with('…') && after.ends_with('…'));
    }

    proptest! {
        #[test]
        fn blocks_find_what_lines_have(
            lines in prop::collection::vec("[ab \\x1b\\[m]{0,12}", 0..40),
            at in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
            text in "[ab]{1,3}",
        ) {
            let log = lines.join("\n");
            let mut cuts: Vec<usize> = at.iter().map(|index| index.index(log.len() + 1)).collect();
            cuts.extend([0, log.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &log.as_bytes()[cut[0]..cut[1]]).collect();
            let seen: Vec<u64> = found(&Needle::new(&text, false).unwrap(), &pieces, 100).iter().map(|hit| hit.0).collect();
            let want: Vec<u64> = (1..)
                .zip(log.split('\n'))
                .filter(|(_, line)| plain(line.as_bytes()).contains(&text))
                .map(|(number, _)| number)
                .collect();
            prop_assert_eq!(seen, want);
        }
    }
}
