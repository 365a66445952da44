//! Words that `plan` and `run` share.

use std::time::Duration;

/// `12 ms`, `1.2 s`, `3 min 20 s`, `2 h 5 min`
pub(crate) fn duration(duration: Duration) -> String {
    let (seconds, millis) = (duration.as_secs(), duration.as_millis());
    match seconds {
        0 if millis < 995 => format!("{millis} ms"),
        0..60 => format!("{:.1} s", duration.as_secs_f64()),
        60..3600 => both(seconds / 60, "min", seconds % 60, "s"),
        _ => both(seconds / 3600, "h", seconds % 3600 / 60, "min"),
    }
}

fn both(large: u64, unit: &str, small: u64, smaller: &str) -> String {
    if small == 0 { format!("{large} {unit}") } else { format!("{large} {unit} {small} {smaller}") }
}

/// The same of whole seconds.
pub(crate) fn seconds(seconds: u64) -> String {
    if seconds < 60 { format!("{seconds} s") } else { duration(Duration::from_secs(seconds)) }
}

/// `1 step`, `2 steps`
pub(crate) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_as_much_as_people_read() {
        let of = |millis| duration(Duration::from_millis(millis));
        assert_eq!([of(12), of(1234), of(59_900)], ["12 ms", "1.2 s", "59.9 s"]);
        assert_eq!([of(60_000), of(200_900), of(7_500_000)], ["1 min", "3 min 20 s", "2 h 5 min"]);
        assert_eq!([seconds(5), seconds(3600)], ["5 s", "1 h"]);
        assert_eq!([count(1, "step"), count(0, "step")], ["1 step", "0 steps"]);
    }
}
