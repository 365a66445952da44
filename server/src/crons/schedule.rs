//! When a cron comes due. Pure.

use chrono::{DateTime, Utc};
use croner::{
    Cron,
    parser::{CronParser, Seconds, Year},
};
use slipway_pipelines::state::Millis;

/// A schedule of five fields, or a nickname such as `@daily`; in UTC.
#[derive(Clone, Debug)]
pub(crate) struct Schedule(Cron);

impl Schedule {
    /// Reads it; in the error, what is wrong.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let schedule = Self(parser.parse(text.trim()).map_err(|error| error.to_string())?);
        match schedule.after(0) {
            Some(_) => Ok(schedule),
            None => Err("no day ever fits it".to_owned()),
        }
    }

    /// The first time after one.
    pub(crate) fn after(&self, at: Millis) -> Option<Millis> {
        let at: DateTime<Utc> = DateTime::from_timestamp_millis(at)?;
        Some(self.0.find_next_occurrence(&at, false).ok()?.timestamp_millis())
    }

    /// It in words.
    pub(crate) fn words(&self) -> String {
        self.0.describe()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 2026-11-30T02:10:00Z, a Monday.
    const NOW: Millis = 1_796_004_600_000;
    const MINUTE: Millis = 60_000;
    const HOUR: Millis = 60 * MINUTE;

    fn next(text: &str) -> Millis {
        Schedule::parse(text).unwrap().after(NOW).unwrap() - NOW
    }

    #[test]
    fn the_next_time_is_the_first_after() {
        assert_eq!(next("* * * * *"), MINUTE);
        assert_eq!(next("*/15 * * * *"), 5 * MINUTE);
        assert_eq!(next("10 2 * * *"), 24 * HOUR, "not now");
        assert_eq!(next("0 4 * * 1"), 110 * MINUTE);
        assert_eq!(next("@daily"), 21 * HOUR + 50 * MINUTE);
        assert_eq!(next("  0 4 * * MON-FRI "), 110 * MINUTE);
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in ["", "* * * *", "* * * * * *", "61 * * * *", "@sometimes", "0 0 30 2 *", "every day"] {
            assert!(Schedule::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn it_always_comes_again(minute in 0..60u8, hour in 0..24u8, day in 1..29u8, at in 0..4_000_000_000_000i64) {
            let schedule = Schedule::parse(&format!("{minute} {hour} {day} * *")).unwrap();
            let next = schedule.after(at).unwrap();
            prop_assert!(next > at && next - at <= 32 * 24 * HOUR);
            prop_assert_eq!(next % MINUTE, 0);
        }
    }
}
