//! What a step took of the machine, as a small picture over its time. Pure.

use std::fmt::Write as _;

use slipway_pipelines::{
    state::Millis,
    wire::{Usage, UsagePoint},
};

use crate::time::size;

/// Width of the picture, in its own units; it is drawn as wide as the log.
pub const WIDTH: u32 = 1000;
/// Height of the picture.
pub const HEIGHT: u32 = 32;

/// The picture.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UsageView {
    /// Processors: a line, as the `d` of a path.
    pub cpu: String,
    /// Memory: an area, as the `d` of a path.
    pub memory: String,
    /// `CPU at most 1.9, mean 0.8`
    pub cpu_text: String,
    /// `Memory at most 512 MiB`
    pub memory_text: String,
}

impl UsageView {
    /// Of a step that began and ended then, or that runs now. `None` when there is nothing to see: one point is no picture.
    pub fn new(usage: &Usage, began: Millis, ended: Millis) -> Option<Self> {
        let (last, span) = (usage.points.last().filter(|_| usage.points.len() > 1)?, (ended - began).max(1));
        // Clocks of two machines: the picture has all of it anyway.
        let span = span.max(last.at - began);
        let x = |at: Millis| (at - began).clamp(0, span) * Millis::from(WIDTH) / span;
        let most_cpu = usage.points.iter().map(|point| point.cpu).max().unwrap_or(0);
        let most_memory = usage.points.iter().map(|point| point.memory).max().unwrap_or(0);
        // Below a whole processor the line is low: one that idles does not look busy.
        let cpu_top = u64::from(most_cpu.max(1000));
        let cpu = steps(usage, x, |point| u64::from(point.cpu), cpu_top);
        let memory = steps(usage, x, |point| point.memory, most_memory.max(1));
        let memory = format!("{memory}V{HEIGHT}H{}Z", x(usage.since));
        Some(Self {
            cpu,
            memory,
            cpu_text: format!("CPU at most {}, mean {}", cores(most_cpu), cores(usage.mean_cpu())),
            memory_text: format!("Memory at most {}", size(most_memory)),
        })
    }
}

/// A line that is level over each point's time.
fn steps(usage: &Usage, x: impl Fn(Millis) -> Millis, value: impl Fn(&UsagePoint) -> u64, top: u64) -> String {
    let y = |value: u64| {
        let height = u128::from(value.min(top)) * u128::from(HEIGHT - 1) / u128::from(top);
        u128::from(HEIGHT) - height
    };
    let mut path = String::new();
    let mut from = x(usage.since);
    for point in &usage.points {
        let (to, y) = (x(point.at), y(value(point)));
        // Writing to a string does not fail.
        let _ = if path.is_empty() { write!(path, "M{from} {y}H{to}") } else { write!(path, "V{y}H{to}") };
        from = to;
    }
    path
}

/// `1.9`, `0.05`
fn cores(thousandths: u32) -> String {
    let cores = f64::from(thousandths) / 1000.0;
    if thousandths < 100 { format!("{cores:.2}") } else { format!("{cores:.1}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn usage(points: &[(Millis, u32, u64)]) -> Usage {
        let points = points.iter().map(|&(at, cpu, memory)| UsagePoint { at, cpu, memory }).collect();
        Usage { since: 1000, points }
    }

    #[test]
    fn a_line_and_an_area_over_the_steps_time() {
        let view = UsageView::new(&usage(&[(2000, 2000, 50_000_000), (3000, 1000, 100_000_000)]), 1000, 5000).unwrap();
        assert_eq!(view.cpu, "M0 1H250V17H500");
        assert_eq!(view.memory, "M0 17H250V1H500V32H0Z");
        assert_eq!(view.cpu_text, "CPU at most 2.0, mean 1.5");
        assert_eq!(view.memory_text, "Memory at most 95.3 MiB");
    }

    #[test]
    fn nothing_known_is_no_picture() {
        assert_eq!(UsageView::new(&Usage::default(), 0, 10), None);
        assert_eq!(UsageView::new(&usage(&[(2000, 50, 1)]), 1000, 2000), None, "a plain block");
    }

    #[test]
    fn little_use_does_not_look_like_much() {
        let view = UsageView::new(&usage(&[(1500, 50, 1), (2000, 50, 1)]), 1000, 2000).unwrap();
        assert_eq!(view.cpu, "M0 31H500V31H1000");
        assert_eq!(view.cpu_text, "CPU at most 0.05, mean 0.05");
    }

    proptest! {
        #[test]
        fn all_of_it_is_in_the_picture(points in prop::collection::vec((0i64..9000, any::<u32>(), any::<u64>()), 2..50), began in 0i64..9000, ended in 0i64..9000) {
            let mut points = points;
            points.sort_unstable();
            let view = UsageView::new(&usage(&points), began, ended).unwrap();
            let numbers = |path: &str| -> Vec<u32> {
                path.split(|c: char| !c.is_ascii_digit()).filter(|n| !n.is_empty()).map(|n| n.parse().unwrap()).collect()
            };
            for number in numbers(&view.cpu).into_iter().chain(numbers(&view.memory)) {
                prop_assert!(number <= WIDTH);
            }
        }
    }
}
