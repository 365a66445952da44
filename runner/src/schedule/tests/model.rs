//! Plans for tests, and an engine that does what the schedule says.

use std::{collections::BTreeMap, sync::Arc};

use slipway_pipelines::{plan::Plan, state::Finish};

pub(super) use crate::testing::plans::{built, checkout, detached, on, plan, ready, retried, step, uses};
use crate::{
    executor::{Ending, Failed},
    schedule::{Action, Input, Schedule},
};

/// How each step of a simulated job behaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Behaviour {
    Exits(i32),
    /// The first tries exit with 1, so many of them; the next with 0.
    Recovers(u32),
    /// Until it is stopped.
    Lives,
    CannotBePrepared,
    CannotStart,
    /// A service that is never ready, and lives.
    NeverReady,
}

/// An engine that answers in an order that the caller chooses.
pub(super) struct Engine {
    pub(super) schedule: Schedule,
    pub(super) plan: Arc<Plan>,
    pub(super) behaviours: Vec<Behaviour>,
    /// Answers under way: the caller picks which comes next.
    pub(super) pending: Vec<Input>,
    pub(super) given: Vec<Input>,
    pub(super) seen: Vec<Action>,
    pub(super) ends: BTreeMap<usize, Finish>,
    pub(super) finish: Option<Finish>,
    /// How often each step was let go.
    pub(super) tries: BTreeMap<usize, u32>,
}

impl Engine {
    pub(super) fn new(plan: Arc<Plan>, behaviours: Vec<Behaviour>) -> Self {
        let schedule = Schedule::new(Arc::clone(&plan));
        Self {
            schedule,
            plan,
            behaviours,
            pending: vec![Input::Start],
            given: Vec::new(),
            seen: Vec::new(),
            ends: BTreeMap::new(),
            finish: None,
            tries: BTreeMap::new(),
        }
    }

    /// All steps exit with 0, except these.
    pub(super) fn with(plan: Arc<Plan>, others: &[(usize, Behaviour)]) -> Self {
        let mut behaviours: Vec<_> = plan
            .steps
            .iter()
            .map(|step| if step.is_awaited() { Behaviour::Exits(0) } else { Behaviour::Lives })
            .collect();
        for (step, behaviour) in others {
            behaviours[*step] = *behaviour;
        }
        Self::new(plan, behaviours)
    }

    /// Gives the schedule one input and begins what it asks for.
    pub(super) fn give(&mut self, input: Input) -> Vec<Action> {
        self.given.push(input.clone());
        let actions = self.schedule.apply(input);
        for action in &actions {
            self.obey(action);
        }
        self.seen.extend(actions.clone());
        actions
    }

    /// Lets the answers come in the order in which they were asked for, until nothing is under way.
    pub(super) fn run(&mut self) -> &mut Self {
        while !self.pending.is_empty() {
            let input = self.pending.remove(0);
            self.give(input);
        }
        self
    }

    fn obey(&mut self, action: &Action) {
        match action {
            Action::Checkout(step) => self.pending.push(match self.behaviours[*step] {
                Behaviour::Exits(0) | Behaviour::Lives => Input::CheckedOut(*step),
                _ => Input::Ended(*step, Ending::Failed(clone_failure())),
            }),
            Action::EmptyWorkspace => self.pending.push(Input::WorkspaceMade),
            Action::Prepare(step) => self.pending.push(match self.behaviours[*step] {
                Behaviour::CannotBePrepared => Input::Failed(*step, pull_failure()),
                _ => Input::Prepared(*step),
            }),
            Action::Release(step) => self.release(*step),
            Action::Again(step, _) => self.pending.push(Input::Cleared(*step)),
            Action::Stop(step) => {
                if !self.ends.contains_key(step) {
                    self.pending.push(Input::Ended(*step, Ending::Exited { code: 137, oom_killed: false }));
                }
            }
            Action::End(step, finish) => {
                assert!(self.ends.insert(*step, finish.clone()).is_none(), "step {step} ended twice");
            }
            Action::CancelBuild(_) => {}
            Action::Finish(finish) => {
                assert!(self.finish.replace(finish.clone()).is_none(), "finished twice");
            }
        }
    }

    fn release(&mut self, step: usize) {
        let tries = self.tries.entry(step).or_default();
        *tries += 1;
        let code = match self.behaviours[step] {
            Behaviour::CannotStart => return self.pending.push(Input::Failed(step, Failed::infra("no"))),
            Behaviour::Exits(code) => Some(code),
            Behaviour::Recovers(failures) => Some(i32::from(*tries <= failures)),
            Behaviour::Lives | Behaviour::NeverReady | Behaviour::CannotBePrepared => None,
        };
        self.pending.push(Input::Released(step));
        let ready = self.plan.steps[step].container().and_then(|container| container.ready.as_ref());
        match (code, ready) {
            (Some(code), _) => {
                self.pending.push(Input::Said(step, code));
                self.pending.push(Input::Ended(step, Ending::Exited { code, oom_killed: false }));
            }
            (None, Some(_)) if self.behaviours[step] == Behaviour::NeverReady => {
                let failed = Failed::new(slipway_pipelines::state::Reason::NotReady, "port 5432 did not open");
                self.pending.push(Input::NotReady(step, failed));
            }
            (None, Some(_)) => self.pending.push(Input::Ready(step)),
            (None, None) => {}
        }
    }

    pub(super) fn reason(&self, step: usize) -> &'static str {
        self.ends.get(&step).map_or("none", |finish| finish.reason.as_str())
    }

    pub(super) fn reasons(&self) -> Vec<&'static str> {
        (0..self.plan.steps.len()).map(|step| self.reason(step)).collect()
    }

    pub(super) fn job(&self) -> &'static str {
        self.finish.as_ref().map_or("none", |finish| finish.reason.as_str())
    }
}

pub(super) fn pull_failure() -> Failed {
    Failed::new(slipway_pipelines::state::Reason::ImagePull, "no such image")
}

fn clone_failure() -> Failed {
    Failed::new(slipway_pipelines::state::Reason::Clone, "no such commit")
}
