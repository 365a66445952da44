//! The decider.

use std::{collections::BTreeMap, sync::Arc};

use slipway_pipelines::{
    plan::Plan,
    state::{Finish, Reason, Status},
};

use super::{
    verdict,
    words::{Action, Input, Known, Workspace},
};
use crate::executor::Failed;

/// Where a step is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    Waiting,
    Preparing,
    Prepared,
    /// Could not be prepared; it counts at its turn.
    Broken(Failed),
    Releasing,
    /// A service that was let go and is not ready yet.
    Starting,
    Running,
    /// Its shell said the exit code, the engine has not confirmed it.
    Said(i32),
    /// A try is over, the next is to come.
    Pausing,
    Ended(Finish),
}

/// A step under way.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) phase: Phase,
    /// We asked it to stop: it ends as this, however it ends.
    pub(super) stopped: Option<Finish>,
    /// How many retries were begun, the one that a pause is for included.
    pub(super) retries: u32,
}

/// The schedule of one job.
#[derive(Clone, Debug)]
pub struct Schedule {
    pub(super) plan: Arc<Plan>,
    pub(super) nodes: Vec<Node>,
    pub(super) workspace: Workspace,
    pub(super) depth: usize,
    pub(super) stop: Option<Finish>,
    pub(super) finished: bool,
}

impl Schedule {
    /// How many steps in a row are prepared ahead: the next, and the one after it, so that a step of some milliseconds does not
    /// leave its successor waiting for a container.
    pub const DEPTH: usize = 2;

    /// A job of which nothing has happened yet.
    pub fn new(plan: Arc<Plan>) -> Self {
        let known = vec![Known::Waiting; plan.steps.len()];
        Self::resumed(plan, &known, &BTreeMap::new(), Workspace::Missing)
    }

    /// A job of which something is known; `known` has one entry for each step, `retries` those that were tried again.
    pub fn resumed(plan: Arc<Plan>, known: &[Known], retries: &BTreeMap<usize, u32>, workspace: Workspace) -> Self {
        let nodes = known
            .iter()
            .enumerate()
            .map(|(step, state)| {
                let phase = match state {
                    Known::Waiting => Phase::Waiting,
                    // Whoever runs already has waited for it.
                    Known::Running if has_ready(&plan, step) && !is_used(&plan, known, step) => Phase::Starting,
                    Known::Running => Phase::Running,
                    Known::Pausing { .. } => Phase::Pausing,
                    Known::Ended(finish) | Known::Stands(finish) => Phase::Ended(finish.clone()),
                };
                Node { phase, stopped: None, retries: retries.get(&step).copied().unwrap_or(0) }
            })
            .collect();
        Self { plan, nodes, workspace, depth: Self::DEPTH, stop: None, finished: false }
    }

    /// Whether something has gone wrong in the job so far that it does not ignore: `CI_PIPELINE_STATUS`.
    pub fn has_failed(&self) -> bool {
        (0..self.nodes.len()).any(|step| self.is_bad(step))
    }

    /// Whether it is a service that was let go and is not ready yet.
    pub fn is_starting(&self, step: usize) -> bool {
        self.phase(step) == Some(&Phase::Starting)
    }

    /// How often the step was tried again.
    pub fn retries(&self, step: usize) -> u32 {
        self.nodes.get(step).map_or(0, |node| node.retries)
    }

    /// Takes an input, gives what is to be done about it, in order. Inputs that come too late change nothing.
    pub fn apply(&mut self, input: Input) -> Vec<Action> {
        let mut actions = Vec::new();
        if self.finished {
            return actions;
        }
        match input {
            Input::Start => {}
            Input::WorkspaceMade => self.workspace = Workspace::Ready,
            Input::WorkspaceFailed(failed) => self.workspace = Workspace::Failed(failed),
            Input::CheckedOut(step) => {
                self.workspace = Workspace::Ready;
                self.end_by_itself(step, Finish::exit(0), &mut actions);
            }
            Input::Prepared(step) => self.advance(step, &Phase::Preparing, Phase::Prepared),
            Input::Released(step) => {
                let next = if has_ready(&self.plan, step) { Phase::Starting } else { Phase::Running };
                self.advance(step, &Phase::Releasing, next);
            }
            Input::Ready(step) => self.advance(step, &Phase::Starting, Phase::Running),
            Input::NotReady(step, failed) => {
                self.stop_one(step, Finish::with_note(failed.reason, failed.message), &[Phase::Starting], &mut actions);
            }
            Input::Cleared(step) => self.advance(step, &Phase::Pausing, Phase::Waiting),
            Input::Failed(step, failed) => match self.phase(step) {
                Some(Phase::Preparing) => self.set(step, Phase::Broken(failed)),
                Some(Phase::Releasing | Phase::Pausing) => {
                    self.end_by_itself(step, Finish::with_note(failed.reason, failed.message), &mut actions);
                }
                _ => {}
            },
            Input::Said(step, code) => self.said(step, code),
            Input::Ended(step, ending) => {
                let finish = verdict::of_ending(ending);
                let finish = if self.is_unready(step) { verdict::before_ready(finish) } else { finish };
                self.end_by_itself(step, finish, &mut actions);
            }
            Input::Overdue(step) => {
                let finish = Finish::with_note(Reason::Timeout, "it ran longer than its timeout");
                self.stop_one(step, finish, &[Phase::Releasing, Phase::Starting, Phase::Running], &mut actions);
            }
            Input::Stop(finish) => self.stop_all(finish, &mut actions),
        }
        self.settle(&mut actions);
        actions
    }

    /// The word of a step's own shell, which is its end unless that is followed by another try.
    fn said(&mut self, step: usize, code: i32) {
        if self.is_unready(step) || self.again(step, &Finish::exit(code)).is_some() {
            return;
        }
        // A word that outruns the release's own answer means that the step was let go, too.
        if let Some(node) = self.nodes.get_mut(step)
            && matches!(node.phase, Phase::Running | Phase::Releasing)
            && node.stopped.is_none()
        {
            node.phase = Phase::Said(code);
        }
    }

    pub(super) fn phase(&self, step: usize) -> Option<&Phase> {
        self.nodes.get(step).map(|node| &node.phase)
    }

    pub(super) fn set(&mut self, step: usize, phase: Phase) {
        if let Some(node) = self.nodes.get_mut(step) {
            node.phase = phase;
        }
    }

    fn advance(&mut self, step: usize, from: &Phase, to: Phase) {
        if self.phase(step) == Some(from) {
            self.set(step, to);
        }
    }

    /// Whether it is a service that was let go, or is being, and is not known to be ready.
    fn is_unready(&self, step: usize) -> bool {
        has_ready(&self.plan, step) && matches!(self.phase(step), Some(Phase::Releasing | Phase::Starting))
    }
}

fn has_ready(plan: &Plan, step: usize) -> bool {
    let planned = plan.steps.get(step).filter(|planned| !planned.is_awaited());
    planned.and_then(|planned| planned.container()).is_some_and(|container| container.ready.is_some())
}

/// Whether a step that needs this one has run.
fn is_used(plan: &Plan, known: &[Known], step: usize) -> bool {
    plan.steps.iter().zip(known).any(|(other, known)| {
        let has_run = match known {
            Known::Waiting | Known::Stands(_) => false,
            Known::Running | Known::Pausing { .. } => true,
            Known::Ended(finish) => finish.status() != Status::Skipped,
        };
        has_run && other.needs.contains(&step)
    })
}
