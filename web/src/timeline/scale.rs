//! Time as a place on an axis. Long pauses, as before a retry on the next day, are cut out of it.

use slipway_pipelines::state::Millis;

/// A pause is cut only when it lasts longer than this, and than a quarter of all the rest.
const PAUSE: Millis = 60_000;
/// What is left of a pause, as a part of all the rest: one such part.
const LEFT: Millis = 40;
/// Most marks of an axis.
const MOST: Millis = 6;

/// An axis.
#[derive(Clone, Debug)]
pub(crate) struct Scale {
    /// In order, with pauses between them.
    pieces: Vec<Piece>,
    length: Millis,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Piece {
    from: Millis,
    to: Millis,
    /// Where it begins on the axis.
    at: Millis,
}

/// A mark of the axis.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Tick {
    /// Where, in thousandths of a percent.
    pub(crate) at: u32,
    /// Time since the axis began, or since the pause before it; of a pause how long it was.
    pub(crate) text: String,
    /// Whether it stands for a pause.
    pub(crate) is_pause: bool,
}

impl Scale {
    /// An axis on which all of these are. None where there is nothing.
    pub(crate) fn new(mut spans: Vec<(Millis, Millis)>) -> Option<Self> {
        spans.sort_unstable();
        let mut busy: Vec<(Millis, Millis)> = Vec::new();
        for (from, to) in spans {
            match busy.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => busy.push((from, to.max(from))),
            }
        }
        let all: Millis = busy.iter().map(|(from, to)| to - from).sum();
        let longest = PAUSE.max(all / 4);
        let left = all / LEFT;
        let mut pieces: Vec<Piece> = Vec::new();
        for (from, to) in busy {
            match pieces.last_mut() {
                Some(last) if from - last.to <= longest => last.to = to,
                Some(last) => {
                    let at = last.at + (last.to - last.from) + left;
                    pieces.push(Piece { from, to, at });
                }
                None => pieces.push(Piece { from, to, at: 0 }),
            }
        }
        let last = pieces.last()?;
        // What took no time at all still has a place.
        let length = (last.at + last.to - last.from).max(1);
        Some(Self { pieces, length })
    }

    /// Where a moment is, in thousandths of a percent. What lies in a pause or outside is at its border.
    pub(crate) fn at(&self, moment: Millis) -> u32 {
        let piece = self.pieces.iter().rev().find(|piece| piece.from <= moment).or(self.pieces.first());
        let at = piece.map_or(0, |piece| piece.at + (moment.clamp(piece.from, piece.to) - piece.from));
        u32::try_from(at.saturating_mul(100_000) / self.length).unwrap_or(u32::MAX)
    }

    /// Whether a moment has a place of its own.
    pub(crate) fn shows(&self, moment: Millis) -> bool {
        self.pieces.iter().any(|piece| (piece.from..=piece.to).contains(&moment))
    }

    /// Marks at round times.
    pub(crate) fn ticks(&self) -> Vec<Tick> {
        let step = round(self.length / MOST);
        let mut ticks = Vec::new();
        for (number, piece) in self.pieces.iter().enumerate() {
            if let Some(before) = number.checked_sub(1).map(|before| self.pieces[before]) {
                let text = format!("{} later", words(piece.from - before.to));
                ticks.push(Tick { at: self.at(piece.from), text, is_pause: true });
            }
            let mut since = step;
            while piece.from + since <= piece.to {
                ticks.push(Tick { at: self.at(piece.from + since), text: words(since), is_pause: false });
                since += step;
            }
        }
        ticks
    }
}

/// The next round time.
fn round(length: Millis) -> Millis {
    const ROUND: [Millis; 20] = [
        10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000,
        900_000, 1_800_000, 3_600_000, 7_200_000,
    ];
    let hours = (length / 7_200_000 + 1) * 7_200_000;
    ROUND.into_iter().find(|&round| round > length).unwrap_or(hours)
}

/// A time in as few letters as tell it.
fn words(time: Millis) -> String {
    let (seconds, rest) = (time / 1000, time % 1000);
    match time {
        0..1000 if rest % 100 == 0 => format!("0.{} s", rest / 100),
        0..1000 => format!("0.{:02} s", rest / 10),
        1000..60_000 => format!("{seconds} s"),
        60_000..3_600_000 if seconds % 60 == 0 => format!("{} m", seconds / 60),
        60_000..3_600_000 => format!("{} m {:02} s", seconds / 60, seconds % 60),
        3_600_000..172_800_000 if seconds / 60 % 60 == 0 => format!("{} h", seconds / 3600),
        3_600_000..172_800_000 => format!("{} h {:02} m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_axis_has_a_few_round_marks() {
        let scale = Scale::new(vec![(1_000, 5_000), (4_000, 75_000)]).unwrap();
        assert_eq!((scale.at(1_000), scale.at(38_000), scale.at(75_000)), (0, 50_000, 100_000));
        let ticks: Vec<_> = scale.ticks().into_iter().map(|tick| tick.text).collect();
        assert_eq!(ticks, ["15 s", "30 s", "45 s", "1 m"]);
        let short = Scale::new(vec![(0, 330)]).unwrap();
        assert_eq!(short.ticks().into_iter().map(|tick| tick.text).collect::<Vec<_>>(), ["0.1 s", "0.2 s", "0.3 s"]);
    }

    #[test]
    fn a_night_before_a_retry_is_cut_out() {
        let day = 86_400_000;
        let scale = Scale::new(vec![(0, 40_000), (day, day + 40_000)]).unwrap();
        assert_eq!((scale.at(40_000), scale.at(day)), (48_780, 51_219), "the pause is narrow");
        assert!(scale.shows(10) && !scale.shows(day / 2));
        let pause = scale.ticks().into_iter().find(|tick| tick.is_pause).unwrap();
        assert_eq!(pause.text, "23 h 59 m later");
        let working = Scale::new(vec![(0, 40_000), (70_000, 90_000)]).unwrap();
        assert!(working.ticks().iter().all(|tick| !tick.is_pause), "half a minute is none");
    }

    #[test]
    fn nothing_and_no_time_at_all_are_taken() {
        assert!(Scale::new(Vec::new()).is_none());
        let point = Scale::new(vec![(7, 7)]).unwrap();
        assert_eq!((point.at(7), point.at(9_999), point.ticks().len()), (0, 0, 0));
    }

    proptest! {
        #[test]
        fn later_is_never_further_left_and_nothing_is_outside(
            spans in prop::collection::vec((0..1_000_000_000i64, 0..10_000_000i64), 1..20),
            mut moments in prop::collection::vec(0..1_100_000_000i64, 2..20)
        ) {
            let scale = Scale::new(spans.into_iter().map(|(from, length)| (from, from + length)).collect()).unwrap();
            moments.sort_unstable();
            let places: Vec<u32> = moments.iter().map(|&moment| scale.at(moment)).collect();
            prop_assert!(places.is_sorted() && places.iter().all(|&at| at <= 100_000), "{places:?}");
            prop_assert!(scale.ticks().len() <= 40);
        }
    }
}
