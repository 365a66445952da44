//! `90s`, `10m`, `1h30m`, `30d`.

/// The seconds of a duration; `None` when it is none.
pub fn seconds(text: &str) -> Option<u64> {
    let mut total = 0u64;
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        let unit = match rest.as_bytes()[digits] {
            b's' => 1,
            b'm' => 60,
            b'h' => 3600,
            b'd' => 86_400,
            _ => return None,
        };
        total = total.checked_add(number.checked_mul(unit)?)?;
        rest = &rest[digits + 1..];
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        for (text, wanted) in [("90s", 90), ("10m", 600), ("1h30m", 5400), ("0s", 0), ("30d", 2_592_000)] {
            assert_eq!(seconds(text), Some(wanted), "{text}");
        }
        for text in ["", "5", "m", "5 m", "1w", "-1s", "99999999999999999999h", "9999999999999999999h", "5ß"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
