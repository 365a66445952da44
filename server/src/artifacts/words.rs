//! Sizes for people.

/// `3 B`, `12 kB`, `1.2 MB`.
pub(crate) fn words(bytes: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    // What would be shown as 1000 is 1 of the next.
    while value >= 999.5 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit < 2 { format!("{value:.0} {}", units[unit]) } else { format!("{value:.1} {}", units[unit]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        let said = [0, 999, 1_000, 12_345, 999_499, 999_500, 3_221_225_472].map(words);
        assert_eq!(said, ["0 B", "999 B", "1 kB", "12 kB", "999 kB", "1.0 MB", "3.2 GB"]);
    }
}
