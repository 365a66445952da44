//! The end of a log as a text for people.

/// The last lines of a text, without colours and other control characters.
pub(super) fn of(text: &str, lines: usize) -> String {
    let plain = plain(text);
    let all: Vec<&str> = plain.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' if characters.peek() == Some(&'[') => {
                characters.next();
                // A sequence ends with its first letter or sign after the numbers.
                while characters.next().is_some_and(|next| !('@'..='~').contains(&next)) {}
            }
            '\n' | '\t' => out.push(character),
            _ if character.is_control() => {}
            _ => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn the_last_lines_are_plain_text() {
        let text = "one\n\n\u{1b}[31mtwo\u{1b}[0m\r\nthree\u{7}\n";
        assert_eq!(of(text, 2), "two\nthree");
        assert_eq!(of(text, 9), "one\ntwo\nthree");
        assert_eq!(of("", 3), "");
        assert_eq!(of("cut \u{1b}[3", 1), "cut");
    }
}
