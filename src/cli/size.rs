//! Sizes in bytes: `5GiB`, `500MB`, `0`.

/// A number with or without a unit. Letters may be of any case, and the `B` may be missing: `5G` is `5GiB`.
pub(crate) fn parse(text: &str) -> Result<u64, String> {
    let digits = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => Some(1),
        "k" | "ki" | "kib" => Some(1 << 10),
        "m" | "mi" | "mib" => Some(1 << 20),
        "g" | "gi" | "gib" => Some(1 << 30),
        "t" | "ti" | "tib" => Some(1 << 40),
        "kb" => Some(1_000),
        "mb" => Some(1_000_000),
        "gb" => Some(1_000_000_000),
        "tb" => Some(1_000_000_000_000),
        _ => None,
    };
    let number: Option<u64> = number.parse().ok();
    let size = number.zip(factor).and_then(|(number, factor): (u64, u64)| number.checked_mul(factor));
    size.ok_or_else(|| "write a size such as `5GiB` or `500MB`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        for (text, bytes) in [("0", 0), ("5GiB", 5 << 30), ("5g", 5 << 30), ("500MB", 500_000_000), ("7 kib", 7 << 10)]
        {
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
        for wrong in ["", "GiB", "5 apples", "-1", "1.5G", "99999999999T"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
