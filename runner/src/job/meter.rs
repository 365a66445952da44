//! What a step takes of the machine: asked for now and then, and told less and less often.

use std::{sync::Arc, time::Duration};

use slipway_pipelines::{
    state::Millis,
    wire::{MOST_USAGE_POINTS, Usage, UsagePoint},
};
use tokio::time::{self, Instant};

use super::start::now;
use crate::executor::{Executor, Used};

/// Between two looks at a step that has just begun. It doubles when there are too many points.
const LOOK: Duration = Duration::from_secs(1);
/// Between two looks when the executor cannot tell.
const BLIND: Duration = Duration::from_secs(30);
/// Between the first two times that it is told.
const TELL: Duration = Duration::from_secs(2);
/// A step that runs for long is told each time this share of its time has passed.
const SHARE: u32 = 20;
/// But at least so often.
const RARELY: Duration = Duration::from_secs(60);

/// Looks at a step while it runs.
pub(super) struct Meter<E: Executor> {
    executor: Arc<E>,
    job: E::Job,
    step: usize,
    series: Series,
    began: Instant,
    look: Instant,
    told: Instant,
    has_news: bool,
}

impl<E: Executor> Meter<E> {
    /// Of a step that was just let go, or `is_found` again.
    pub(super) fn new(executor: Arc<E>, job: E::Job, step: usize, is_found: bool) -> Self {
        let began = Instant::now();
        // What a container took before it was let go is next to nothing; one that is found again has a past.
        let series = Series::new(now(), if is_found { None } else { Some(0) });
        Self { executor, job, step, series, began, look: began + LOOK, told: began, has_news: false }
    }

    /// Waits until there is something to tell. Nothing is lost when the future is dropped.
    pub(super) async fn next(&mut self) -> Usage {
        loop {
            time::sleep_until(self.look).await;
            let used = self.executor.used(&self.job, self.step).await;
            self.look = Instant::now() + if used.is_some() { LOOK * self.series.each } else { BLIND };
            let Some(used) = used else { continue };
            self.series.take(now(), used);
            self.has_news = true;
            if self.told.elapsed() >= (self.began.elapsed() / SHARE).clamp(TELL, RARELY) {
                return self.tell();
            }
        }
    }

    /// What was seen and not told, when the step has ended.
    pub(super) fn rest(&mut self) -> Option<Usage> {
        self.has_news.then(|| self.tell())
    }

    fn tell(&mut self) -> Usage {
        self.told = Instant::now();
        self.has_news = false;
        self.series.usage.clone()
    }
}

/// Looks as points. Pure.
#[derive(Debug)]
struct Series {
    usage: Usage,
    /// The last look: when, and the processor time until then.
    last: (Millis, Option<u64>),
    /// How many of the shortest spans a point takes now.
    each: u32,
}

impl Series {
    fn new(since: Millis, cpu_ns: Option<u64>) -> Self {
        Self { usage: Usage { since, points: Vec::new() }, last: (since, cpu_ns), each: 1 }
    }

    fn take(&mut self, at: Millis, used: Used) {
        let (before, cpu_before) = self.last;
        let Ok(span @ 1..) = u64::try_from(at - before) else { return };
        self.last = (at, Some(used.cpu_ns));
        let Some(cpu_before) = cpu_before else {
            self.usage.since = at;
            return;
        };
        let cpu = used.cpu_ns.saturating_sub(cpu_before) / (span * 1000);
        let cpu = u32::try_from(cpu).unwrap_or(u32::MAX);
        self.usage.points.push(UsagePoint { at, cpu, memory: used.memory });
        if self.usage.points.len() >= MOST_USAGE_POINTS {
            self.usage.thin();
            self.each *= 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(cpu_ms: u64, memory: u64) -> Used {
        Used { cpu_ns: cpu_ms * 1_000_000, memory }
    }

    #[test]
    fn processor_time_becomes_processors() {
        let mut series = Series::new(10_000, Some(0));
        series.take(11_000, used(500, 7));
        series.take(13_000, used(4_500, 9));
        series.take(13_000, used(4_500, 9));
        let points: Vec<_> = series.usage.points.iter().map(|p| (p.at, p.cpu, p.memory)).collect();
        assert_eq!(points, [(11_000, 500, 7), (13_000, 2000, 9)]);
    }

    #[test]
    fn one_that_is_found_again_begins_with_the_second_look() {
        let mut series = Series::new(10_000, None);
        series.take(11_000, used(900_000, 7));
        series.take(12_000, used(900_100, 7));
        assert_eq!((series.usage.since, series.usage.points.len(), series.usage.points[0].cpu), (11_000, 1, 100));
    }

    #[test]
    fn a_long_step_has_no_more_points_than_a_picture_needs() {
        let mut series = Series::new(0, Some(0));
        for second in 1..=1000 {
            series.take(second * 1000, used(second as u64 * 250, second as u64));
        }
        assert!(series.usage.points.len() < MOST_USAGE_POINTS);
        assert!(series.each > 1 && series.usage.points.iter().all(|point| point.cpu == 250));
        assert_eq!(series.usage.points.last().map(|point| point.memory), Some(1000));
    }
}
