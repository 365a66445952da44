//! Lines by which a program tells something about the code: `::error file=src/a.rs,line=3::text`, with `warning` and `notice`, as GitHub's
//! runner takes them.

/// Longest line that is one, in bytes.
const LONGEST: usize = 4096;
const BEGIN: &[u8] = b"::";

/// Finds them in a log that comes in pieces.
#[derive(Clone, Debug, Default)]
pub(super) struct Notes {
    /// What there is of the present line, while it may be one.
    line: Vec<u8>,
    /// The present line is none.
    is_other: bool,
}

impl Notes {
    /// Takes the next bytes; gives the notes whose lines end in them, as texts for people.
    pub(super) fn feed(&mut self, mut bytes: &[u8], notes: &mut Vec<String>) {
        while !bytes.is_empty() {
            let end = memchr::memchr(b'\n', bytes);
            let piece = &bytes[..end.unwrap_or(bytes.len())];
            if !self.is_other {
                let room = (LONGEST + 1).saturating_sub(self.line.len());
                self.line.extend_from_slice(&piece[..piece.len().min(room)]);
                let shared = self.line.len().min(BEGIN.len());
                self.is_other = self.line[..shared] != BEGIN[..shared] || self.line.len() > LONGEST;
            }
            let Some(end) = end else { return };
            if !self.is_other {
                notes.extend(note(&String::from_utf8_lossy(&self.line)));
            }
            self.line.clear();
            self.is_other = false;
            bytes = &bytes[end + 1..];
        }
    }
}

/// What a line tells, if it does: `error: src/a.rs:3: text`.
fn note(line: &str) -> Option<String> {
    let (head, text) = line.trim_end_matches('\r').strip_prefix("::")?.split_once("::")?;
    let (level, properties) = head.split_once(' ').unwrap_or((head, ""));
    if !matches!(level, "error" | "warning" | "notice") {
        return None;
    }
    let property = |wanted: &str| {
        let mut pairs = properties.split(',').filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(name, value)| *name == wanted && !value.is_empty()).map(|(_, value)| decoded(value))
    };
    let mut note = format!("{level}: ");
    if let Some(file) = property("file") {
        note.push_str(&file);
        note.push_str(&property("line").map(|line| format!(":{line}")).unwrap_or_default());
        note.push_str(": ");
    }
    if let Some(title) = property("title") {
        note.push_str(&title);
        note.push_str(": ");
    }
    note.push_str(decoded(text).trim());
    Some(note)
}

/// The text without what had to be written otherwise: ends of lines, and what ends a property.
fn decoded(text: &str) -> String {
    text.replace("%0D", "").replace("%0A", " ").replace("%3A", ":").replace("%2C", ",").replace("%25", "%")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(pieces: &[&[u8]]) -> Vec<String> {
        let (mut notes, mut found) = (Notes::default(), Vec::new());
        pieces.iter().for_each(|piece| notes.feed(piece, &mut found));
        found
    }

    const LOG: &[u8] = b"+ echo '::error::no'\n::error file=src/a.rs,line=3,title=Odd%2C that::it is 50%25\r\n\
        ::warning::a%0Ab\n ::error::no\n::group::no\n::notice file=b::ok\n:: error::no\n::error ::\n::set-output name=x::y\n::error::open";

    #[test]
    fn what_a_program_tells_is_found_and_nothing_else() {
        assert_eq!(
            all(&[LOG]),
            ["error: src/a.rs:3: Odd, that: it is 50%", "warning: a b", "notice: b: ok", "error: "]
        );
        let long = [&b"::error::"[..], &[b'x'; LONGEST], b"\n::error::short\n"].concat();
        assert_eq!(all(&[&long]), ["error: short"]);
    }

    proptest! {
        #[test]
        fn borders_of_pieces_change_nothing(cuts in prop::collection::vec(0..LOG.len(), 0..8)) {
            let mut cuts = cuts;
            cuts.sort_unstable();
            let (mut pieces, mut from) = (Vec::new(), 0);
            for cut in cuts {
                pieces.push(&LOG[from..cut]);
                from = cut;
            }
            pieces.push(&LOG[from..]);
            prop_assert_eq!(all(&pieces), all(&[LOG]));
        }
    }
}
