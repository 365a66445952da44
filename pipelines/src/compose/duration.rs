//! `1m30s`, `500ms`, `1.5s`: durations as Go writes them.

/// Milliseconds. `None` when it is none, or more than a day.
pub(super) fn millis(text: &str) -> Option<u64> {
    const MOST: f64 = 24.0 * 3600.0 * 1000.0;
    let mut sum = 0.0;
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let (number, unit) = rest.split_at(end);
        let end = unit.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(unit.len());
        let (unit, after) = unit.split_at(end);
        let factor = match unit {
            "ns" => 1e-6,
            "us" | "µs" => 1e-3,
            "ms" => 1.0,
            "s" => 1000.0,
            "m" => 60_000.0,
            "h" => 3_600_000.0,
            _ => return None,
        };
        sum += number.parse::<f64>().ok()? * factor;
        rest = after;
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
    (0.0..=MOST).contains(&sum).then_some(sum.ceil() as u64)
}

#[cfg(test)]
mod tests {
    use super::millis;

    #[test]
    fn durations_are_those_of_go() {
        for (text, wanted) in [
            ("30s", 30_000),
            ("1m30s", 90_000),
            ("500ms", 500),
            ("1.5s", 1500),
            ("0s", 0),
            ("10us", 1),
            ("24h", 86_400_000),
        ] {
            assert_eq!(millis(text), Some(wanted), "{text}");
        }
        for text in ["", "5", "s", "5x", "25h", "-1s", "1..2s", "1s 2", "五s"] {
            assert_eq!(millis(text), None, "{text}");
        }
    }
}
