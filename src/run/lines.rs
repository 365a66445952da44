//! Bytes -> lines.

/// Longest line that is held back, in bytes; a longer one is shown in pieces.
const LONGEST: usize = 64 * 1024;

/// Holds back what is no whole line yet.
#[derive(Clone, Default, Debug)]
pub(super) struct Lines {
    held: Vec<u8>,
}

impl Lines {
    /// Takes bytes; gives the lines that are whole now, without their ends.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut lines = Vec::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            match piece.strip_suffix(b"\n") {
                Some(end) => {
                    let mut line = std::mem::take(&mut self.held);
                    line.extend_from_slice(end);
                    lines.push(line);
                }
                None => self.held.extend_from_slice(piece),
            }
            if self.held.len() > LONGEST {
                lines.push(std::mem::take(&mut self.held));
            }
        }
        lines
    }

    /// The last line, if it has no end.
    pub(super) fn rest(&mut self) -> Option<Vec<u8>> {
        let rest = std::mem::take(&mut self.held);
        (!rest.is_empty()).then_some(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_whole_however_they_come() {
        let mut lines = Lines::default();
        assert!(lines.push(b"a").is_empty());
        assert_eq!(lines.push(b"b\n\nc\nd"), [&b"ab"[..], b"", b"c"]);
        assert_eq!(lines.rest().as_deref(), Some(&b"d"[..]));
        assert_eq!(lines.rest(), None);
        assert_eq!(lines.push(&vec![b'x'; LONGEST + 1]).len(), 1, "nothing is held for ever");
    }
}
