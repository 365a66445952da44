//! Which steps are prepared before their turn.

use slipway_pipelines::plan::{Image, Pull, Step};

use super::{
    decide::{Phase, Schedule},
    words::{Action, Workspace},
};

/// Most steps that wait for their turn with a container each: a broad graph must not fill the machine with idle shells.
const AHEAD: usize = 4;

impl Schedule {
    pub(super) fn prepare_ahead(&mut self, actions: &mut Vec<Action>) {
        if self.workspace != Workspace::Ready {
            return;
        }
        let mut ahead = (0..self.nodes.len())
            .filter(|step| {
                matches!(self.nodes[*step].phase, Phase::Preparing | Phase::Prepared) && !self.has_its_needs(*step)
            })
            .count();
        for step in 0..self.nodes.len() {
            if ahead >= AHEAD {
                return;
            }
            if self.nodes[step].phase == Phase::Waiting && self.may_be_prepared(step) {
                self.nodes[step].phase = Phase::Preparing;
                actions.push(Action::Prepare(step));
                ahead += 1;
            }
        }
    }

    fn may_be_prepared(&self, step: usize) -> bool {
        let planned = &self.plan.steps[step];
        planned.runs_on.fits(self.upstream_failure(step).is_some())
            && self.image_is_settled(planned)
            && self.distance(step).is_some_and(|distance| (1..=self.depth).contains(&distance))
    }

    /// How many starts away the step's turn is; `None` if something before it is not even prepared.
    fn distance(&self, step: usize) -> Option<usize> {
        let mut farthest = 0;
        for need in &self.plan.steps[step].needs {
            if self.is_met(*need) {
                continue;
            }
            let distance = match self.phase(*need)? {
                Phase::Releasing
                | Phase::Starting
                | Phase::Running
                | Phase::Said(_)
                | Phase::Pausing
                | Phase::Ended(_) => 0,
                Phase::Preparing | Phase::Prepared => self.distance(*need)?,
                Phase::Waiting | Phase::Broken(_) => return None,
            };
            farthest = farthest.max(distance + 1);
        }
        Some(farthest)
    }

    /// Whether the image cannot be changed by a step that is still to run.
    fn image_is_settled(&self, planned: &Step) -> bool {
        let Some(container) = planned.container() else { return false };
        match &container.image {
            Image::Build(_) | Image::Load { .. } => false,
            // Who must not be pulled may be loaded by an earlier step that can reach the engine.
            Image::Registry { pull: Pull::Never, .. } if self.has_a_way_out(planned) => false,
            Image::Registry { reference, .. } => {
                let wanted = with_tag(reference);
                self.plan.steps.iter().zip(&self.nodes).all(|(other, node)| {
                    matches!(node.phase, Phase::Ended(_)) || tags(other).all(|tag| with_tag(tag) != wanted)
                })
            }
        }
    }

    /// Whether another step that is still to end has rights that reach the engine: its socket as a mount, say.
    fn has_a_way_out(&self, planned: &Step) -> bool {
        self.plan.steps.iter().zip(&self.nodes).any(|(other, node)| {
            let access = other.container().map(|container| &container.access);
            other.name != planned.name
                && !matches!(node.phase, Phase::Ended(_))
                && access.is_some_and(|access| access.privileged || !access.volumes.is_empty())
        })
    }
}

fn tags(step: &Step) -> impl Iterator<Item = &str> {
    let build = step.container().and_then(|container| match &container.image {
        Image::Build(build) => Some(build),
        Image::Registry { .. } | Image::Load { .. } => None,
    });
    build.into_iter().flat_map(|build| build.tags.iter().map(String::as_str))
}

/// The reference with the tag that the engine would assume.
fn with_tag(reference: &str) -> String {
    let name = reference.rsplit('/').next().unwrap_or(reference);
    if name.contains([':', '@']) { reference.to_owned() } else { format!("{reference}:latest") }
}
