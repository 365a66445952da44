//! Times and durations as people and programs read them.

use slipway_pipelines::state::Millis;
use time::OffsetDateTime;

/// RFC 3339 in UTC with milliseconds: `2026-11-21T03:14:02.500Z`.
pub fn rfc3339(at: Millis) -> String {
    let date =
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(at) * 1_000_000).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        date.hour(),
        date.minute(),
        date.second(),
        date.millisecond()
    )
}

/// How long something took: `0.08 s`, `4.2 s`, `42 s`, `3 m 05 s`, `1 h 02 m`.
pub fn duration(milliseconds: Millis) -> String {
    let all = milliseconds.max(0);
    let seconds = all / 1000;
    match all {
        0..1_000 => format!("{}.{:02} s", seconds, all % 1000 / 10),
        1_000..10_000 => format!("{}.{} s", seconds, all % 1000 / 100),
        10_000..60_000 => format!("{seconds} s"),
        60_000..3_600_000 => format!("{} m {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} m", seconds / 3600, seconds % 3600 / 60),
    }
}

/// How long ago: `just now`, `5 min ago`, `3 h ago`, `2 days ago`, then the date.
pub fn ago(at: Millis, now: Millis) -> String {
    let minutes = (now - at).max(0) / 60_000;
    match minutes {
        0 => "just now".to_owned(),
        1..60 => format!("{minutes} min ago"),
        60..1440 => format!("{} h ago", minutes / 60),
        1440..2880 => "yesterday".to_owned(),
        2880..14_400 => format!("{} days ago", minutes / 1440),
        _ => rfc3339(at)[..10].to_owned(),
    }
}

/// A size in bytes: `812 B`, `64 KiB`, `50.1 MiB`.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} KiB", bytes / 1024),
        1_048_576..1_073_741_824 => format!("{}.{} MiB", bytes >> 20, ((bytes & 0xf_ffff) * 10) >> 20),
        _ => format!("{}.{} GiB", bytes >> 30, ((bytes & 0x3fff_ffff) * 10) >> 30),
    }
}

/// A moment for a page: what the machine reads, what a person reads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Moment {
    /// RFC 3339.
    pub exact: String,
    /// How long ago.
    pub ago: String,
}

impl Moment {
    /// Seen from `now`.
    pub fn new(at: Millis, now: Millis) -> Self {
        Self { exact: rfc3339(at), ago: ago(at, now) }
    }
}

/// How long something takes, for a page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Span {
    /// Milliseconds up to now that a script counts on from, while it runs.
    pub counting: Option<Millis>,
    /// For people.
    pub text: String,
}

impl Span {
    /// From a start to an end, or to now while there is none. `None` for what never started.
    pub fn new(started: Option<Millis>, finished: Option<Millis>, now: Millis) -> Option<Self> {
        let started = started?;
        let length = finished.unwrap_or(now).saturating_sub(started).max(0);
        Some(Self { counting: finished.is_none().then_some(length), text: duration(length) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_with_milliseconds() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(1_795_230_842_007), "2026-11-21T03:14:02.007Z");
        assert_eq!(rfc3339(i64::MAX), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn durations_get_coarser_as_they_grow() {
        let cases = [
            (-5, "0.00 s"),
            (84, "0.08 s"),
            (4_200, "4.2 s"),
            (42_900, "42 s"),
            (185_000, "3 m 05 s"),
            (3_725_000, "1 h 02 m"),
        ];
        for (length, text) in cases {
            assert_eq!(duration(length), text);
        }
        assert_eq!(ago(0, 59_000), "just now");
        assert_eq!(ago(0, 3 * 3_600_000), "3 h ago");
        assert_eq!(size(52_600_000), "50.1 MiB");
    }
}
