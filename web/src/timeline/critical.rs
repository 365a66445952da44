//! The critical path: whose time decided when the build ended.

use slipway_pipelines::state::Millis;

use super::Lane;

/// Which rows are on it: the one that ended last, of those that it waited for the one that ended last, and so on.
pub fn critical(lanes: &[Lane], now: Millis) -> Vec<bool> {
    let mut path = vec![false; lanes.len()];
    let ended = |at: &usize| lanes.get(*at).and_then(|lane| lane.ended(now));
    let steps = (0..lanes.len()).filter(|&at| !lanes[at].is_job && lanes[at].is_awaited);
    let mut next = steps.filter(|at| ended(at).is_some()).max_by_key(ended);
    while let Some(at) = next {
        // A circle cannot be, and would not be followed.
        if std::mem::replace(&mut path[at], true) {
            break;
        }
        next = lanes[at].after.iter().copied().filter(|before| ended(before).is_some()).max_by_key(ended);
    }
    path
}

#[cfg(test)]
mod tests {
    use slipway_pipelines::state::Status;

    use super::*;
    use crate::timeline::{Part, PartKind};

    fn lane(after: &[usize], from: Millis, to: Option<Millis>) -> Lane {
        Lane {
            is_job: false,
            name: String::new(),
            href: String::new(),
            status: Status::Success.into(),
            is_awaited: true,
            parts: vec![Part { kind: PartKind::Run, from, to }],
            usual: None,
            after: after.to_vec(),
        }
    }

    fn path(lanes: &[Lane]) -> Vec<usize> {
        let marked = critical(lanes, 100);
        (0..lanes.len()).filter(|&at| marked[at]).collect()
    }

    #[test]
    fn the_way_goes_back_through_what_was_waited_for_longest() {
        let lanes = [
            lane(&[], 0, Some(5)),
            lane(&[0], 5, Some(20)),
            lane(&[0], 5, Some(30)),
            lane(&[1, 2], 31, Some(40)),
            lane(&[0], 5, Some(39)),
        ];
        assert_eq!(path(&lanes), [0, 2, 3]);
    }

    #[test]
    fn what_runs_ends_now_and_services_decide_nothing() {
        let service = Lane { is_awaited: false, ..lane(&[], 0, None) };
        let never = Lane { parts: Vec::new(), ..lane(&[1], 0, None) };
        let lanes = [service, lane(&[], 0, Some(50)), lane(&[1], 50, None), never];
        assert_eq!(path(&lanes), [1, 2]);
        assert!(path(&[]).is_empty());
    }

    #[test]
    fn a_circle_ends() {
        assert_eq!(path(&[lane(&[1], 0, Some(5)), lane(&[0], 0, Some(6))]), [0, 1]);
    }
}
