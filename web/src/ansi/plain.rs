//! A line's text as it is drawn, without its looks: what a search looks at.

use std::borrow::Cow;

use super::Parser;

/// The text of one line, given without its end: what [`Parser`] draws of it, however long it is.
pub fn plain(line: &[u8]) -> Cow<'_, str> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let Ok(text) = std::str::from_utf8(line) else { return Cow::Owned(parsed(&String::from_utf8_lossy(line))) };
    if !line.iter().any(|byte| is_control(*byte)) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(quick(text).unwrap_or_else(|| parsed(text)))
}

/// Control characters, and the first byte of those that UTF-8 writes in two.
fn is_control(byte: u8) -> bool {
    byte < 0x20 && byte != b'\t' || byte == 0x7f || byte == 0xc2
}

/// Text whose only control characters begin plain `ESC [ … letter` sequences, as nearly all text is.
fn quick(text: &str) -> Option<String> {
    let (mut plain, mut rest) = (String::with_capacity(text.len()), text);
    loop {
        let end = rest.find('\x1b').unwrap_or(rest.len());
        let (before, after) = rest.split_at(end);
        if before.bytes().any(is_control) {
            return None;
        }
        plain.push_str(before);
        if after.is_empty() {
            return Some(plain);
        }
        let parameters = after.strip_prefix("\x1b[")?;
        let last = parameters.bytes().position(|byte| !(b' '..=b'?').contains(&byte))?;
        if !(b'@'..=b'~').contains(&parameters.as_bytes()[last]) {
            return None;
        }
        rest = &parameters[last + 1..];
    }
}

fn parsed(text: &str) -> String {
    let mut parser = Parser::whole();
    parser.push(text, &mut Vec::new());
    parser.rest().map(|line| line.spans.iter().map(|span| span.text.as_str()).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pieces() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            "[ -~]{0,9}",
            "\\PC{0,5}",
            Just("\x1b[1;38;5;9m".to_owned()),
            Just("\x1b[0m".to_owned()),
            Just("\x1b[".to_owned()),
            Just("\x1b]0;title\x07".to_owned()),
            Just("\r".to_owned()),
            Just("\t\u{85}\u{a0}é".to_owned()),
            "[\\x00-\\x09\\x0b-\\x1f]",
        ];
        prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn it_is_the_text_that_is_drawn(line in pieces()) {
            prop_assert_eq!(plain(line.as_bytes()), parsed(&line));
        }

        #[test]
        fn any_bytes_are_text(line in prop::collection::vec(any::<u8>(), 0..60)) {
            plain(&line);
        }
    }

    #[test]
    fn plain_text_is_not_copied() {
        assert!(matches!(plain(b"just text\tand a tab\r"), Cow::Borrowed("just text\tand a tab")));
        assert_eq!(plain(b"\x1b[32mgreen\x1b[0m"), "green");
        assert_eq!(plain(b"10%\r100%"), "100%");
        assert_eq!(plain("x".repeat(50_000).as_bytes()).len(), 50_000);
    }
}
