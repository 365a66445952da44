//! Builds of the past as bars: how long they took, and how they ended. Pure.

use slipway_pipelines::state::{Millis, Status};

use crate::{sign::Sign, time::duration};

/// Width of a bar with the gap after it.
const STEP: u32 = 10;
/// The same without the gap.
const BAR: u32 = 8;
/// Height of the longest bar.
const HEIGHT: u32 = 48;
/// Height of the shortest: it must be seen and hit.
const LEAST: u32 = 3;

/// A finished build.
#[derive(Clone, Debug)]
pub struct Past {
    /// Its number.
    pub number: u64,
    /// Its page.
    pub href: String,
    /// How it ended.
    pub status: Sign,
    /// How long it ran; `None` when no step was let go.
    pub took: Option<Millis>,
}

/// Bars, and what they say in figures.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trend {
    /// Oldest first.
    pub bars: Vec<Bar>,
    /// Width of the picture.
    pub width: u32,
    /// Height of the picture.
    pub height: u32,
    /// Builds that ended well, of those that ended well or not, in percent.
    pub success: Option<u32>,
    /// The middle of the durations of builds that ended well.
    pub median: Option<String>,
}

/// One build.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bar {
    /// Left edge.
    pub x: u32,
    /// Upper edge.
    pub y: u32,
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
    /// How it ended.
    pub status: Sign,
    /// Its page.
    pub href: String,
    /// What it says when pointed at.
    pub title: String,
}

impl Trend {
    /// The picture of builds, oldest first. Bars grow up to the longest build that is no outlier; what took longer is cut.
    pub fn new(builds: &[Past]) -> Self {
        let mut times: Vec<Millis> = builds.iter().filter_map(|build| build.took).collect();
        times.sort_unstable();
        // Of many, the longest twentieth may be cut; of few, none.
        let top = times.len().checked_sub(1 + times.len() / 20).and_then(|at| times.get(at)).copied().unwrap_or(0);
        let bars = (0..).zip(builds).map(|(at, build)| bar(at, build, top.max(1))).collect();
        Self {
            bars,
            width: u32::try_from(builds.len()).unwrap_or(u32::MAX / STEP).saturating_mul(STEP),
            height: HEIGHT,
            success: success(builds),
            median: median(builds),
        }
    }
}

fn bar(at: u32, build: &Past, top: Millis) -> Bar {
    let took = build.took.unwrap_or(0).clamp(0, top);
    let height = u32::try_from(took * Millis::from(HEIGHT) / top).unwrap_or(HEIGHT).clamp(LEAST, HEIGHT);
    let time = build.took.map(|took| format!(", {}", duration(took))).unwrap_or_default();
    Bar {
        x: at * STEP,
        y: HEIGHT - height,
        width: BAR,
        height,
        status: build.status,
        href: build.href.clone(),
        title: format!("#{} {}{time}", build.number, build.status.as_str()),
    }
}

fn ended_well(status: Sign) -> bool {
    matches!(status, Sign::Warning | Sign::Status(Status::Success))
}

/// One that was cancelled says nothing about the code.
fn ended_badly(status: Sign) -> bool {
    matches!(status, Sign::Status(Status::Failure | Status::Error | Status::Lost))
}

fn success(builds: &[Past]) -> Option<u32> {
    let good = builds.iter().filter(|build| ended_well(build.status)).count();
    let bad = builds.iter().filter(|build| ended_badly(build.status)).count();
    u32::try_from((good * 100).checked_div(good + bad)?).ok()
}

fn median(builds: &[Past]) -> Option<String> {
    let mut times: Vec<Millis> =
        builds.iter().filter(|build| ended_well(build.status)).filter_map(|build| build.took).collect();
    times.sort_unstable();
    times.get(times.len() / 2).map(|&time| duration(time))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn past(number: u64, status: Status, took: Option<Millis>) -> Past {
        Past { number, href: format!("/{number}"), status: status.into(), took }
    }

    #[test]
    fn bars_are_as_high_as_builds_were_long() {
        let trend = Trend::new(&[
            past(1, Status::Success, Some(1_000)),
            past(2, Status::Failure, Some(500)),
            past(3, Status::Error, None),
            past(4, Status::Cancelled, Some(0)),
        ]);
        assert_eq!(
            trend.bars.iter().map(|bar| (bar.x, bar.height)).collect::<Vec<_>>(),
            [(0, 48), (10, 24), (20, 3), (30, 3)]
        );
        assert_eq!(trend.bars[1].title, "#2 failure, 0.50 s");
        assert_eq!((trend.width, trend.success, trend.median.as_deref()), (40, Some(33), Some("1.0 s")));
    }

    #[test]
    fn one_very_long_build_makes_the_others_no_smaller() {
        let mut builds: Vec<Past> = (1..=40).map(|number| past(number, Status::Success, Some(1_000))).collect();
        builds[7].took = Some(3_600_000);
        assert!(Trend::new(&builds).bars.iter().all(|bar| bar.height == 48));
    }

    #[test]
    fn nothing_has_no_figures() {
        let trend = Trend::new(&[]);
        assert_eq!((trend.width, trend.success, trend.median), (0, None, None));
    }

    proptest! {
        #[test]
        fn every_bar_is_in_the_picture(times in prop::collection::vec(prop::option::of(-5i64..i64::MAX / 100), 0..60)) {
            let builds: Vec<Past> = (1..).zip(times).map(|(number, took)| past(number, Status::Success, took)).collect();
            let trend = Trend::new(&builds);
            for bar in trend.bars {
                prop_assert!(bar.x + bar.width <= trend.width && bar.y + bar.height == trend.height && bar.height >= 3);
            }
        }
    }
}
