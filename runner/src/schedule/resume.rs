//! What a restarted runner knows of a job: the server's word and the engine's together.

use std::collections::{BTreeMap, BTreeSet};

use slipway_pipelines::{
    plan::{Action as Does, Image, Plan},
    state::{Millis, StepState},
    wire::Kept,
};

use super::words::{Input, Known, Workspace};
use crate::{
    executor::{Ending, Failed},
    spool::Mark,
};

/// What is found on this machine.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Found {
    /// Whether the workspace was made.
    pub has_workspace: bool,
    /// Steps whose containers were let go, ended or not.
    pub released: BTreeSet<usize>,
    /// How far the steps' tries have come, as the runner's own marks say.
    pub marks: BTreeMap<usize, Mark>,
}

/// Where the schedule goes on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Merged {
    /// For each step.
    pub known: Vec<Known>,
    /// How often those were tried again that were.
    pub retries: BTreeMap<usize, u32>,
    /// The shared volume.
    pub workspace: Workspace,
    /// What has happened that the server does not know.
    pub news: Vec<Input>,
}

impl Merged {
    /// The same with steps that ended in an earlier attempt.
    pub fn with_standing(mut self, kept: Option<&Kept>) -> Self {
        for (step, finish) in kept.iter().flat_map(|kept| &kept.steps) {
            if let Some(known) = self.known.get_mut(*step) {
                *known = Known::Stands(finish.clone());
            }
        }
        self
    }
}

/// Merges them. The server is right about what is finished, the engine about all else.
pub fn merge(plan: &Plan, server: &[StepState], found: &Found) -> Merged {
    let mut news = Vec::new();
    let mut known = Vec::new();
    for (position, step) in plan.steps.iter().enumerate() {
        let state = server.get(position).unwrap_or(&StepState::Pending);
        let mark = found.marks.get(&position).copied();
        known.push(match (state, &step.action) {
            (StepState::Finished { finish, .. }, _) => Known::Ended(finish.clone()),
            (StepState::Pending | StepState::Running { .. }, Does::Checkout) => {
                if found.has_workspace {
                    news.push(Input::CheckedOut(position));
                    Known::Running
                } else {
                    Known::Waiting
                }
            }
            (StepState::Pending | StepState::Running { .. }, _) if let Some(until) = pause(mark) => {
                Known::Pausing { until }
            }
            (StepState::Pending | StepState::Running { .. }, _) if found.released.contains(&position) => Known::Running,
            (StepState::Pending, _) => Known::Waiting,
            (StepState::Running { .. }, Does::Run(container) | Does::Detach(container) | Does::Service(container)) => {
                // An image is built or loaded after the step was said to run: without a container it was still being built.
                let is_built = matches!(container.image, Image::Build(_) | Image::Load { .. });
                if is_built || mark.is_none() {
                    Known::Waiting
                } else {
                    let vanished = Failed::infra("its container vanished while the runner was away");
                    news.push(Input::Ended(position, Ending::Failed(vanished)));
                    Known::Running
                }
            }
        });
    }
    let workspace = if found.has_workspace {
        Workspace::Ready
    } else if plan.steps.iter().zip(&known).any(|(step, known)| step.container().is_some() && has_run(known)) {
        Workspace::Failed(Failed::infra("the workspace vanished while the runner was away"))
    } else {
        Workspace::Missing
    };
    if workspace == Workspace::Missing {
        // Nothing has used the workspace yet: a checkout that was done is done again.
        for (step, known) in plan.steps.iter().zip(&mut known) {
            if matches!(step.action, Does::Checkout)
                && matches!(known, Known::Ended(finish) if !finish.status().is_bad())
            {
                *known = Known::Waiting;
            }
        }
    }
    let retries = found.marks.iter().map(|(step, mark)| (*step, mark.retries())).filter(|(_, retries)| *retries > 0);
    Merged { known, retries: retries.collect(), workspace, news }
}

/// Until when a step pauses between two tries. A container of it that is found is that of the earlier one.
fn pause(mark: Option<Mark>) -> Option<Millis> {
    match mark {
        Some(Mark::Pauses { until, .. }) => Some(until),
        Some(Mark::Goes { .. }) | None => None,
    }
}

fn has_run(known: &Known) -> bool {
    match known {
        Known::Waiting => false,
        Known::Running | Known::Pausing { .. } => true,
        Known::Ended(finish) | Known::Stands(finish) => finish.status() != slipway_pipelines::state::Status::Skipped,
    }
}
