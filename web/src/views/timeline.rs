//! A build over time, as a table whose rows have bars.

use slipway_pipelines::state::Millis;

use crate::{
    sign::Sign,
    time::duration,
    timeline::{Lane, PartKind, Scale, critical},
};

/// The timeline.
#[derive(Clone, Debug)]
pub struct TimelineView {
    /// Marks of the axis.
    pub ticks: Vec<TickView>,
    /// Jobs, each with its steps behind it.
    pub rows: Vec<TimelineRow>,
    /// How long all of the axis is, and how much of it the critical path ran, in a sentence.
    pub about: String,
    /// Whether earlier builds say how long steps usually take.
    pub has_usual: bool,
}

/// A mark of the axis.
#[derive(Clone, Debug)]
pub struct TickView {
    /// Where, in percent.
    pub at: String,
    /// What it says.
    pub text: String,
    /// Whether a pause was cut out here.
    pub is_pause: bool,
    /// Whether there is room for the text to its right.
    pub has_room: bool,
}

/// A job or a step.
#[derive(Clone, Debug)]
pub struct TimelineRow {
    /// Whether it is a job.
    pub is_job: bool,
    /// Name.
    pub name: String,
    /// The step's page; empty for jobs.
    pub href: String,
    /// Status.
    pub status: Sign,
    /// Whether it is on the critical path.
    pub is_critical: bool,
    /// In the order in which they are drawn.
    pub bars: Vec<BarView>,
    /// Where it would usually end, in percent.
    pub usual_at: Option<String>,
    /// How long it waited; may be empty.
    pub waited: String,
    /// How long its image took; may be empty.
    pub image: String,
    /// How long it ran; may be empty.
    pub ran: String,
    /// How long it usually takes; may be empty.
    pub usual: String,
    /// Whether it took far longer than that.
    pub is_slow: bool,
}

/// A bar.
#[derive(Clone, Debug)]
pub struct BarView {
    /// What it stands for.
    pub class: &'static str,
    /// Its left end, in percent.
    pub x: String,
    /// In percent; drawn a little wide at least.
    pub width: String,
    /// In words.
    pub title: String,
}

impl TimelineView {
    /// The timeline of these rows, seen at `now`. `None` when nothing has begun.
    pub fn new(lanes: &[Lane], now: Millis) -> Option<Self> {
        let mut spans: Vec<_> = lanes
            .iter()
            .flat_map(|lane| lane.parts.iter().map(|part| (part.from, part.to.unwrap_or(now).max(part.from))))
            .collect();
        // Room for what is still to come.
        let usual_end = |lane: &Lane| Some(lane.started()? + lane.usual?);
        spans.extend(
            lanes.iter().filter(|lane| lane.is_open()).filter_map(|lane| Some((now, usual_end(lane)?.max(now)))),
        );
        let scale = Scale::new(spans)?;
        let path = critical(lanes, now);
        let rows = lanes.iter().zip(&path).map(|(lane, &is_critical)| row(lane, is_critical, &scale, now));
        let ticks = scale.ticks().into_iter().map(|tick| TickView {
            at: percent(tick.at),
            has_room: tick.at < 92_000,
            text: tick.text,
            is_pause: tick.is_pause,
        });
        Some(Self {
            ticks: ticks.collect(),
            rows: rows.collect(),
            about: about(lanes, &path, now),
            has_usual: lanes.iter().any(|lane| lane.usual.is_some()),
        })
    }
}

fn row(lane: &Lane, is_critical: bool, scale: &Scale, now: Millis) -> TimelineRow {
    let bars = lane.parts.iter().map(|part| {
        let to = part.to.unwrap_or(now).max(part.from);
        let (left, right) = (scale.at(part.from), scale.at(to));
        BarView {
            class: part.kind.as_str(),
            x: percent(left),
            width: percent(right - left),
            title: format!("{} {}", part.kind.text(), duration(to - part.from)),
        }
    });
    let text = |length: Option<Millis>| length.map(duration).unwrap_or_default();
    let length = |kind| lane.length(kind, now);
    let both = |one, other| [length(one), length(other)].into_iter().flatten().reduce(|one, other| one + other);
    let waited = both(PartKind::Queue, PartKind::Wait);
    let image = both(PartKind::Pull, PartKind::Build);
    let took = lane.started().zip(lane.ended(now)).map(|(started, ended)| ended - started);
    TimelineRow {
        is_job: lane.is_job,
        name: lane.name.clone(),
        href: lane.href.clone(),
        status: lane.status,
        is_critical,
        bars: bars.collect(),
        usual_at: lane
            .started()
            .zip(lane.usual)
            .map(|(started, usual)| started + usual)
            .filter(|&moment| scale.shows(moment))
            .map(|moment| percent(scale.at(moment))),
        // What no clock of ours tells from nothing.
        waited: text(waited.filter(|&waited| waited >= 10)),
        image: text(image),
        ran: text(length(PartKind::Run)),
        usual: text(lane.usual),
        is_slow: took.zip(lane.usual).is_some_and(|(took, usual)| took > usual + usual / 3 && took > usual + 1_000),
    }
}

fn about(lanes: &[Lane], path: &[bool], now: Millis) -> String {
    let on_path = || lanes.iter().zip(path).filter(|(_, on)| **on).map(|(lane, _)| lane);
    let ran: Millis = on_path().filter_map(|lane| Some(lane.ended(now)? - lane.started()?)).sum();
    match on_path().count() {
        0 => "No step has started yet.".to_owned(),
        1 => format!("One step decides how long it takes: {}.", duration(ran)),
        steps => format!("{steps} steps, one after the other, decide how long it takes: {}.", duration(ran)),
    }
}

/// `12.345%`
fn percent(thousandths: u32) -> String {
    format!("{}.{:03}%", thousandths / 1000, thousandths % 1000)
}

#[cfg(test)]
mod tests {
    use slipway_pipelines::state::Status;

    use super::*;
    use crate::timeline::Part;

    fn part(kind: PartKind, from: Millis, to: impl Into<Option<Millis>>) -> Part {
        Part { kind, from, to: to.into() }
    }

    fn step(parts: Vec<Part>, usual: Option<Millis>, after: &[usize]) -> Lane {
        Lane {
            is_job: false,
            name: "step".to_owned(),
            href: "/".to_owned(),
            status: Status::Success.into(),
            is_awaited: true,
            parts,
            usual,
            after: after.to_vec(),
        }
    }

    #[test]
    fn bars_lie_where_their_times_are() {
        let clone = step(vec![part(PartKind::Run, 0, 10_000)], Some(4_000), &[]);
        let test = step(
            vec![
                part(PartKind::Wait, 10_000, 20_000),
                part(PartKind::Pull, 5_000, 18_000),
                part(PartKind::Run, 20_000, 40_000),
            ],
            Some(19_500),
            &[0],
        );
        let view = TimelineView::new(&[clone, test], 90_000).unwrap();
        let [clone, test] = &view.rows[..] else { panic!("{view:?}") };
        assert_eq!((clone.bars[0].x.as_str(), clone.bars[0].width.as_str()), ("0.000%", "25.000%"));
        assert_eq!((clone.usual_at.as_deref(), clone.is_slow), (Some("10.000%"), true));
        assert_eq!(test.bars.iter().map(|bar| bar.x.as_str()).collect::<Vec<_>>(), ["25.000%", "12.500%", "50.000%"]);
        assert_eq!((test.waited.as_str(), test.image.as_str(), test.ran.as_str()), ("10 s", "13 s", "20 s"));
        assert!(!test.is_slow && test.is_critical && clone.is_critical);
        assert_eq!(view.about, "2 steps, one after the other, decide how long it takes: 30 s.");
    }

    #[test]
    fn what_runs_grows_up_to_now_and_has_room_for_its_usual_end() {
        let view = TimelineView::new(&[step(vec![part(PartKind::Run, 0, None)], Some(20_000), &[])], 10_000).unwrap();
        assert_eq!(view.rows[0].bars[0].width, "50.000%");
        assert_eq!(view.rows[0].usual_at.as_deref(), Some("100.000%"));
        assert_eq!(view.rows[0].ran, "10 s");
    }

    #[test]
    fn a_clock_that_runs_backwards_breaks_nothing() {
        let view = TimelineView::new(&[step(vec![part(PartKind::Run, 50, 40)], Some(5), &[])], 10).unwrap();
        assert_eq!(view.rows[0].bars[0].width, "0.000%");
        assert!(TimelineView::new(&[step(Vec::new(), None, &[])], 10).is_none());
    }
}
