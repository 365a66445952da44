//! A log line for a terminal that is not to be steered by it: colours stay, all else that moves or names things goes.

/// The line as a terminal would show it in the end: what a carriage return goes over is not there.
pub(super) fn clean(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let shown = text.trim_end_matches('\r');
    let shown = shown.rsplit('\r').next().unwrap_or(shown);
    let mut clean = String::with_capacity(shown.len());
    let mut colored = false;
    let mut rest = shown.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\x1b' if rest.peek() == Some(&'[') => {
                rest.next();
                let mut parameters = String::new();
                let end = loop {
                    match rest.next() {
                        Some(c @ ('0'..='9' | ';' | ':')) => parameters.push(c),
                        Some(c @ ('\x40'..='\x7e')) => break Some(c),
                        Some(_) => parameters.push('?'),
                        None => break None,
                    }
                };
                if end == Some('m') && !parameters.contains('?') {
                    colored = true;
                    clean.push_str(&format!("\x1b[{parameters}m"));
                }
            }
            // A string for the terminal itself: a title, a link, the clipboard.
            '\x1b' if matches!(rest.peek(), Some(']' | 'P' | '_' | '^' | 'X')) => {
                while let Some(c) = rest.next() {
                    if c == '\x07' || c == '\x1b' && rest.next_if_eq(&'\\').is_some() {
                        break;
                    }
                }
            }
            '\x1b' => drop(rest.next()),
            '\t' => clean.push_str("    "),
            c if c.is_control() => {}
            c => clean.push(c),
        }
    }
    if colored {
        clean.push_str("\x1b[0m");
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_stay_and_commands_go() {
        assert_eq!(clean(b"\x1b[31mred\x1b[0m"), "\x1b[31mred\x1b[0m\x1b[0m");
        assert_eq!(clean(b"a\x1b[2Jb\x1b[?25lc\x1b]0;title\x07d\x1b]8;;x\x1b\\e\x1bcf\x07"), "abcdef");
        assert_eq!(clean(b"10%\r50%\r100%\r"), "100%");
        assert_eq!(clean("\u{9b}2Jx\ty\x1b[31".as_bytes()), "2Jx    y");
        assert_eq!(clean(b"\xff\xfe"), "\u{fffd}\u{fffd}");
    }
}
