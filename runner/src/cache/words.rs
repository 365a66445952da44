//! Sizes for people.

/// `0 B`, `12 kB`, `12.3 MB`.
pub(crate) fn size(bytes: u64) -> String {
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
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1 kB"),
            (999_600, "1.0 MB"),
            (12_345_678, "12.3 MB"),
            (5 << 30, "5.4 GB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }
}
