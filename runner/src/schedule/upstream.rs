//! What a step's needs mean for it.

use slipway_pipelines::{
    plan::OnFailure,
    state::{Finish, Reason},
};

use super::{
    decide::{Phase, Schedule},
    verdict,
};

impl Schedule {
    /// Whether everything that the step needs is met.
    pub(super) fn has_its_needs(&self, step: usize) -> bool {
        self.plan.steps[step].needs.iter().all(|need| self.is_met(*need))
    }

    pub(super) fn is_met(&self, need: usize) -> bool {
        let Some(phase) = self.phase(need) else { return true };
        is_done(phase) || (*phase == Phase::Running && !self.plan.steps[need].is_awaited())
    }

    /// The nearest step that this one needs, directly or not, that failed and is not ignored.
    pub(super) fn upstream_failure(&self, step: usize) -> Option<usize> {
        let mut seen = vec![false; self.nodes.len()];
        let mut level: Vec<usize> = self.plan.steps[step].needs.clone();
        while !level.is_empty() {
            level.sort_unstable();
            level.retain(|need| seen.get_mut(*need).is_some_and(|seen| !std::mem::replace(seen, true)));
            if let Some(bad) = level.iter().find(|need| self.is_bad(**need)) {
                return Some(*bad);
            }
            level = level.iter().flat_map(|need| self.plan.steps[*need].needs.iter().copied()).collect();
        }
        None
    }

    pub(super) fn is_bad(&self, step: usize) -> bool {
        let planned = &self.plan.steps[step];
        match &self.nodes[step].phase {
            Phase::Said(code) => *code != 0 && planned.is_awaited() && planned.on_failure != OnFailure::Ignore,
            Phase::Ended(finish) => verdict::counts(planned, finish),
            Phase::Waiting
            | Phase::Preparing
            | Phase::Prepared
            | Phase::Broken(_)
            | Phase::Releasing
            | Phase::Starting
            | Phase::Running
            | Phase::Pausing => false,
        }
    }

    /// Whether a later attempt could go on from where the job failed: something stands as it is.
    pub fn can_go_on(&self, finish: &Finish) -> bool {
        let ends: Vec<Option<Finish>> = self.ends().into_iter().map(Option::<&Finish>::cloned).collect();
        is_tried_again(finish) && !self.plan.standing(&ends).is_empty()
    }

    pub(super) fn ends(&self) -> Vec<Option<&Finish>> {
        self.nodes.iter().map(|node| if let Phase::Ended(finish) = &node.phase { Some(finish) } else { None }).collect()
    }
}

/// Whether somebody may want to go on from there: a build that a newer one took the place of is nobody's any more.
fn is_tried_again(finish: &Finish) -> bool {
    finish.status().is_bad() && finish.reason != Reason::Superseded
}

pub(super) fn is_done(phase: &Phase) -> bool {
    matches!(phase, Phase::Said(_) | Phase::Ended(_))
}
