//! Log bytes made safe for somebody else's terminal: whole lines, and of all escape sequences only colours. Pure.

/// A longer line is broken, in bytes.
const MAX_LINE: usize = 4096;
/// Longest colour sequence, and longest sum of those in force.
const MAX_COLOUR: usize = 32;
const MAX_ACTIVE: usize = 128;

/// Turns a stream of bytes into lines.
#[derive(Debug, Default)]
pub(super) struct Cleaner {
    line: Vec<u8>,
    /// Colours in force: taken up again by the next line, since each line is reset at its end.
    active: Vec<u8>,
    state: State,
    /// A carriage return came: what follows overwrites the line, unless it is a newline.
    returned: bool,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Text,
    Escape,
    /// `ESC [`, with what came since.
    Control(Vec<u8>),
    /// A string that a terminal obeys and does not show: title, clipboard, link.
    Text8,
    /// In such a string, after `ESC`.
    Text8Escape,
}

impl Cleaner {
    /// Takes bytes and gives the lines that are whole now, without line ends.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for byte in bytes {
            self.byte(*byte, &mut lines);
        }
        lines
    }

    /// What is left at the end.
    pub(super) fn finish(&mut self) -> Option<String> {
        (!self.is_empty()).then(|| self.emit())
    }

    fn is_empty(&self) -> bool {
        self.line.len() <= self.active.len()
    }

    fn byte(&mut self, byte: u8, lines: &mut Vec<String>) {
        match std::mem::take(&mut self.state) {
            State::Text => self.text(byte, lines),
            State::Escape => match byte {
                b'[' => self.state = State::Control(Vec::new()),
                b']' | b'P' | b'_' | b'^' | b'X' => self.state = State::Text8,
                0x1b => self.state = State::Escape,
                // `ESC ( B` and its like have bytes in between.
                0x20..=0x2f => self.state = State::Escape,
                b'\n' => self.text(byte, lines),
                _ => {}
            },
            State::Control(mut sequence) => match byte {
                0x20..=0x3f if sequence.len() < MAX_COLOUR => {
                    sequence.push(byte);
                    self.state = State::Control(sequence);
                }
                0x20..=0x3f => self.state = State::Control(sequence),
                b'm' if sequence.len() < MAX_COLOUR => self.colour(&sequence),
                0x1b => self.state = State::Escape,
                b'\n' => self.text(byte, lines),
                _ => {}
            },
            State::Text8 => match byte {
                0x07 => {}
                0x1b => self.state = State::Text8Escape,
                // An unfinished one must not swallow the rest of the log.
                b'\n' => self.text(byte, lines),
                _ => self.state = State::Text8,
            },
            State::Text8Escape => match byte {
                b'\\' => {}
                _ => {
                    self.state = State::Escape;
                    self.byte(byte, lines);
                }
            },
        }
    }

    fn text(&mut self, byte: u8, lines: &mut Vec<String>) {
        match byte {
            b'\n' => {
                self.returned = false;
                lines.push(self.emit());
                return;
            }
            b'\r' => {
                self.returned = true;
                return;
            }
            0x1b => {
                self.state = State::Escape;
                return;
            }
            b'\t' | 0x20..=0x7e | 0x80.. => {}
            _ => return,
        }
        self.overwrite();
        self.line.push(byte);
        // Not in the middle of a character.
        if self.line.len() >= MAX_LINE && (byte < 0x80 || self.line.len() >= MAX_LINE + 4) {
            lines.push(self.emit());
        }
    }

    fn overwrite(&mut self) {
        if std::mem::take(&mut self.returned) {
            self.line.clear();
            self.line.extend_from_slice(&self.active);
        }
    }

    fn colour(&mut self, parameters: &[u8]) {
        if !parameters.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b';' | b':')) {
            return;
        }
        self.overwrite();
        let mut sequence = b"\x1b[".to_vec();
        sequence.extend_from_slice(parameters);
        sequence.push(b'm');
        if parameters.iter().all(|byte| matches!(byte, b'0' | b';')) {
            self.active.clear();
        } else if self.active.len() + sequence.len() <= MAX_ACTIVE {
            self.active.extend_from_slice(&sequence);
        }
        self.line.extend_from_slice(&sequence);
    }

    fn emit(&mut self) -> String {
        let mut line = std::mem::replace(&mut self.line, self.active.clone());
        if line.contains(&0x1b) {
            line.extend_from_slice(b"\x1b[0m");
        }
        let text = String::from_utf8_lossy(&line);
        // U+0080 to U+009F are control characters, too.
        text.chars().filter(|c| *c == '\x1b' || *c == '\t' || !c.is_control()).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn clean(bytes: &[u8]) -> Vec<String> {
        let mut cleaner = Cleaner::default();
        let mut lines = cleaner.take(bytes);
        lines.extend(cleaner.finish());
        lines
    }

    #[test]
    fn lines_come_out_whole() {
        assert_eq!(clean(b"a\nb\r\n\nc"), ["a", "b", "", "c"]);
        assert_eq!(clean(b"10%\r50%\r100%\ndone\n"), ["100%", "done"]);
        assert_eq!(clean(b"\ta\x08\x07\x00b\n"), ["\tab"]);
        assert!(clean(b"").is_empty());
    }

    #[test]
    fn colours_stay_on_their_line_and_are_taken_up_by_the_next() {
        assert_eq!(
            clean(b"\x1b[31mred\nstill\x1b[0m plain\nplain\n"),
            ["\x1b[31mred\x1b[0m", "\x1b[31mstill\x1b[0m plain\x1b[0m", "plain"]
        );
        assert_eq!(clean(b"\x1b[38;5;9mx\x1b[mz"), ["\x1b[38;5;9mx\x1b[mz\x1b[0m"]);
    }

    #[test]
    fn what_steers_a_terminal_is_taken_out() {
        for bad in [
            &b"a\x1b[2Jb"[..],
            b"a\x1b[1A\x1b[Kb",
            b"a\x1b]0;title\x07b",
            b"a\x1b]8;;javascript:x\x1b\\b",
            b"a\x1b]52;c;AAAA\x07b",
            b"a\x1bP1;2q\x1b\\b",
            b"a\x1b(0\x1bcb",
            b"a\x1b[?1049hb",
            b"a\x1b[>4;1mb",
            b"a\x1b[1;2;3;4;5;6;7;8;9;10;11;12;13;14;15mb",
        ] {
            assert_eq!(clean(bad), ["ab"], "{bad:?}");
        }
        assert_eq!(clean("a\u{9b}2Jb".as_bytes()), ["a2Jb"]);
        assert_eq!(clean(b"a\x9b2Jb"), ["a\u{fffd}2Jb"]);
        assert_eq!(clean(b"a\x1b]0;never ends\nnext"), ["a", "next"]);
    }

    #[test]
    fn a_long_line_is_broken() {
        let lines = clean("é".repeat(MAX_LINE).as_bytes());
        assert!(lines.len() > 1 && lines.iter().all(|line| line.len() <= MAX_LINE + 8), "{}", lines.len());
    }

    proptest! {
        #[test]
        fn nothing_but_colours_gets_through(bytes in prop::collection::vec(
            prop_oneof![any::<u8>(), Just(0x1b), Just(b'['), Just(b'm'), Just(b';'), Just(b'3'), Just(b']'), Just(b'\n')], 0..400
        )) {
            for line in clean(&bytes) {
                let mut rest = line.as_str();
                while let Some((before, after)) = rest.split_once('\x1b') {
                    prop_assert!(!before.contains(|c: char| c.is_control() && c != '\t'));
                    let end = after.find('m');
                    prop_assert!(after.starts_with('[') && end.is_some(), "{line:?}");
                    let end = end.unwrap();
                    prop_assert!(after[1..end].chars().all(|c| c.is_ascii_digit() || c == ';' || c == ':'), "{line:?}");
                    rest = &after[end + 1..];
                }
                prop_assert!(!rest.contains(|c: char| c.is_control() && c != '\t'));
            }
        }

        #[test]
        fn where_the_stream_is_cut_does_not_matter(bytes in prop::collection::vec(
            prop_oneof![any::<u8>(), Just(0x1b), Just(b'['), Just(b'm'), Just(b'\r'), Just(b'\n')], 0..200
        ), at in any::<prop::sample::Index>()) {
            let at = at.index(bytes.len() + 1);
            let mut cleaner = Cleaner::default();
            let mut lines = cleaner.take(&bytes[..at]);
            lines.extend(cleaner.take(&bytes[at..]));
            lines.extend(cleaner.finish());
            prop_assert_eq!(lines, clean(&bytes));
        }
    }
}
