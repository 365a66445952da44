//! What a step takes of the machine, over its time.

use serde::{Deserialize, Serialize};

use crate::state::Millis;

/// Most points that a step has: a picture needs no more.
pub const MOST_USAGE_POINTS: usize = 240;

/// What a step took from a moment on. What was said before of times after that moment is replaced.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Where the first point begins.
    pub since: Millis,
    /// In order; each goes from the end of the one before.
    pub points: Vec<UsagePoint>,
}

/// What a step took for a while.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct UsagePoint {
    /// Where it ends.
    pub at: Millis,
    /// Processors in the mean, in thousandths of one.
    pub cpu: u32,
    /// Most memory, in bytes, without what the kernel keeps of files and can drop.
    pub memory: u64,
}

impl Usage {
    /// Halves the number of points: each becomes one with its neighbour.
    pub fn thin(&mut self) {
        let mut began = self.since;
        let joined = self.points.chunks(2).map(|pair| {
            let cpu = mean(began, pair);
            began = pair[pair.len() - 1].at;
            UsagePoint { at: began, cpu, memory: pair.iter().map(|point| point.memory).max().unwrap_or(0) }
        });
        self.points = joined.collect();
    }

    /// Processors in the mean of all of it, in thousandths of one.
    pub fn mean_cpu(&self) -> u32 {
        mean(self.since, &self.points)
    }

    /// The same with its last point at a moment, if that would be after it: the clock of who measured goes ahead.
    #[must_use]
    pub fn not_after(mut self, now: Millis) -> Self {
        let ahead = self.points.last().map_or(self.since, |last| last.at).saturating_sub(now).max(0);
        self.since = self.since.saturating_sub(ahead);
        self.points.iter_mut().for_each(|point| point.at = point.at.saturating_sub(ahead));
        self
    }

    /// Goes on with what was said later.
    pub fn extend(&mut self, later: Usage) {
        if self.points.is_empty() {
            *self = later;
        } else {
            self.points.retain(|point| point.at <= later.since);
            // Nothing is known of the time between: a new try, or a runner that was away.
            if self.points.last().is_some_and(|last| last.at < later.since) {
                self.points.push(UsagePoint { at: later.since, cpu: 0, memory: 0 });
            }
            self.points.extend(later.points);
        }
        while self.points.len() > MOST_USAGE_POINTS {
            self.thin();
        }
    }
}

/// Processors in the mean of points one after the other, each weighed by its time.
fn mean(since: Millis, points: &[UsagePoint]) -> u32 {
    let (mut from, mut sum) = (since, 0_i128);
    for point in points {
        sum += i128::from(point.cpu) * i128::from((point.at - from).max(0));
        from = point.at;
    }
    u32::try_from(sum / i128::from((from - since).max(1))).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn point(at: Millis, cpu: u32, memory: u64) -> UsagePoint {
        UsagePoint { at, cpu, memory }
    }

    #[test]
    fn neighbours_become_one() {
        let mut usage = Usage { since: 0, points: vec![point(1000, 1000, 5), point(4000, 200, 9), point(5000, 7, 1)] };
        usage.thin();
        assert_eq!(usage.points, [point(4000, 400, 9), point(5000, 7, 1)]);
    }

    #[test]
    fn a_clock_that_goes_ahead_is_set_back() {
        let usage = Usage { since: 500, points: vec![point(1000, 100, 1), point(2000, 400, 2)] };
        assert_eq!((usage.mean_cpu(), usage.clone().not_after(2000)), (300, usage.clone()));
        let back = Usage { since: 200, points: vec![point(700, 100, 1), point(1700, 400, 2)] };
        assert_eq!(usage.not_after(1700), back);
        assert_eq!(Usage { since: 9, points: vec![] }.not_after(4).since, 4);
    }

    #[test]
    fn what_is_said_again_replaces_and_a_pause_is_empty() {
        let mut usage = Usage { since: 0, points: vec![point(1000, 1, 1), point(2000, 2, 2)] };
        usage.extend(Usage { since: 0, points: vec![point(1000, 1, 1), point(2000, 2, 2), point(3000, 3, 3)] });
        assert_eq!(usage.points.len(), 3);
        usage.extend(Usage { since: 9000, points: vec![point(9500, 4, 4)] });
        assert_eq!(usage.points[3..], [point(9000, 0, 0), point(9500, 4, 4)]);
    }

    proptest! {
        #[test]
        fn it_stays_small_and_in_order(spans in prop::collection::vec((1i64..5000, any::<u32>(), any::<u64>()), 0..600)) {
            let mut at = 0;
            let points: Vec<UsagePoint> = spans.into_iter().map(|(span, cpu, memory)| { at += span; point(at, cpu, memory) }).collect();
            let most = points.iter().map(|point| point.memory).max();
            let mut usage = Usage::default();
            usage.extend(Usage { since: 0, points });
            prop_assert!(usage.points.len() <= MOST_USAGE_POINTS);
            prop_assert!(usage.points.is_sorted_by_key(|point| point.at));
            prop_assert_eq!(usage.points.last().map_or(0, |point| point.at), at);
            prop_assert_eq!(usage.points.iter().map(|point| point.memory).max(), most);
        }
    }
}
