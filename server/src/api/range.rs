//! HTTP ranges: which bytes of a log are asked for.

use std::ops::Range;

/// What a `Range` header asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Ranged {
    /// Everything: there is no header, or one that may be ignored (several ranges, another unit, not understood).
    Whole,
    /// These bytes, at least one.
    Part(Range<u64>),
    /// Nothing that there is: 416.
    Unsatisfiable,
}

/// Reads a header for something of this length.
pub(crate) fn parse(header: Option<&str>, length: u64) -> Ranged {
    let Some(spec) = header.and_then(|text| text.trim().strip_prefix("bytes=")) else { return Ranged::Whole };
    let Some((first, last)) = spec.split_once('-') else { return Ranged::Whole };
    let number = |text: &str| -> Option<Option<u64>> {
        let text = text.trim();
        match text.is_empty() {
            true => Some(None),
            false => {
                text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).map(|n| n.or(Some(u64::MAX)))
            }
        }
    };
    let range = match (number(first), number(last)) {
        (Some(Some(first)), Some(Some(last))) if first > last => return Ranged::Whole,
        (Some(Some(first)), Some(last)) => first..last.unwrap_or(u64::MAX).saturating_add(1).min(length),
        (Some(None), Some(Some(suffix))) => length.saturating_sub(suffix)..length,
        _ => return Ranged::Whole,
    };
    if range.start < range.end { Ranged::Part(range) } else { Ranged::Unsatisfiable }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranges_are_read_as_http_means_them() {
        for (header, expected) in [
            ("bytes=0-0", Ranged::Part(0..1)),
            ("bytes=10-19", Ranged::Part(10..20)),
            ("bytes=90-", Ranged::Part(90..100)),
            ("bytes=90-1000", Ranged::Part(90..100)),
            ("bytes=-10", Ranged::Part(90..100)),
            ("bytes=-1000", Ranged::Part(0..100)),
            ("bytes=-0", Ranged::Unsatisfiable),
            ("bytes=100-", Ranged::Unsatisfiable),
            ("bytes=99999999999999999999999-", Ranged::Unsatisfiable),
            ("bytes=5-4", Ranged::Whole),
            ("bytes=0-1,5-6", Ranged::Whole),
            ("bytes=-", Ranged::Whole),
            ("bytes=a-b", Ranged::Whole),
            ("lines=1-2", Ranged::Whole),
        ] {
            assert_eq!(parse(Some(header), 100), expected, "{header}");
        }
        assert_eq!(parse(None, 100), Ranged::Whole);
        assert_eq!(parse(Some("bytes=0-"), 0), Ranged::Unsatisfiable);
    }

    proptest! {
        #[test]
        fn a_part_lies_inside(header in "(bytes=)?[0-9, -]{0,12}", length in 0u64..300) {
            if let Ranged::Part(range) = parse(Some(&header), length) {
                prop_assert!(range.start < range.end && range.end <= length);
            }
        }
    }
}
