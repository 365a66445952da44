//! The decider.

use std::sync::Arc;

use slipway_pipelines::{
    plan::{Action as Does, OnFailure, Plan},
    state::{Finish, Reason},
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
    Running,
    /// Its shell said the exit code, the engine has not confirmed it.
    Said(i32),
    Ended(Finish),
}

/// A step under way.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) phase: Phase,
    /// We asked it to stop: it ends as this, however it ends.
    stopped: Option<Finish>,
}

/// The schedule of one job.
#[derive(Clone, Debug)]
pub struct Schedule {
    pub(super) plan: Arc<Plan>,
    pub(super) nodes: Vec<Node>,
    pub(super) workspace: Workspace,
    pub(super) depth: usize,
    stop: Option<Finish>,
    finished: bool,
}

impl Schedule {
    /// How many steps in a row are prepared ahead: the next, and the one after it, so that a step of some milliseconds does not
    /// leave its successor waiting for a container.
    pub const DEPTH: usize = 2;

    /// A job of which nothing has happened yet.
    pub fn new(plan: Arc<Plan>) -> Self {
        let known = vec![Known::Waiting; plan.steps.len()];
        Self::resumed(plan, known, Workspace::Missing)
    }

    /// A job of which something is known; `known` has one entry for each step.
    pub fn resumed(plan: Arc<Plan>, known: Vec<Known>, workspace: Workspace) -> Self {
        let nodes = known
            .into_iter()
            .map(|known| match known {
                Known::Waiting => Phase::Waiting,
                Known::Running => Phase::Running,
                Known::Ended(finish) => Phase::Ended(finish),
            })
            .map(|phase| Node { phase, stopped: None })
            .collect();
        Self { plan, nodes, workspace, depth: Self::DEPTH, stop: None, finished: false }
    }

    /// Whether something has gone wrong in the job so far that it does not ignore: `CI_PIPELINE_STATUS`.
    pub fn has_failed(&self) -> bool {
        (0..self.nodes.len()).any(|step| self.is_bad(step))
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
            Input::Released(step) => self.advance(step, &Phase::Releasing, Phase::Running),
            Input::Failed(step, failed) => match self.phase(step) {
                Some(Phase::Preparing) => self.set(step, Phase::Broken(failed)),
                Some(Phase::Releasing) => {
                    self.end_by_itself(step, Finish::with_note(failed.reason, failed.message), &mut actions);
                }
                _ => {}
            },
            // A word that outruns the release's own answer means that the step was let go, too.
            Input::Said(step, code) => {
                if let Some(node) = self.nodes.get_mut(step)
                    && matches!(node.phase, Phase::Running | Phase::Releasing)
                    && node.stopped.is_none()
                {
                    node.phase = Phase::Said(code);
                }
            }
            Input::Ended(step, ending) => {
                self.end_by_itself(step, verdict::of_ending(ending), &mut actions);
            }
            Input::Overdue(step) => {
                if let Some(node) = self.nodes.get_mut(step)
                    && matches!(node.phase, Phase::Releasing | Phase::Running)
                    && node.stopped.is_none()
                {
                    node.stopped = Some(Finish::with_note(Reason::Timeout, "it ran longer than its timeout"));
                    actions.push(Action::Stop(step));
                }
            }
            Input::Stop(finish) => self.stop_all(finish, &mut actions),
        }
        self.settle(&mut actions);
        actions
    }

    pub(super) fn phase(&self, step: usize) -> Option<&Phase> {
        self.nodes.get(step).map(|node| &node.phase)
    }

    fn set(&mut self, step: usize, phase: Phase) {
        if let Some(node) = self.nodes.get_mut(step) {
            node.phase = phase;
        }
    }

    fn advance(&mut self, step: usize, from: &Phase, to: Phase) {
        if self.phase(step) == Some(from) {
            self.set(step, to);
        }
    }

    fn end(&mut self, step: usize, finish: Finish, actions: &mut Vec<Action>) {
        if !matches!(self.phase(step), None | Some(Phase::Ended(_))) {
            self.set(step, Phase::Ended(finish.clone()));
            actions.push(Action::End(step, finish));
        }
    }

    /// The step's own end, which may have consequences.
    fn end_by_itself(&mut self, step: usize, finish: Finish, actions: &mut Vec<Action>) {
        let Some(node) = self.nodes.get(step) else { return };
        if matches!(node.phase, Phase::Ended(_)) {
            return;
        }
        let finish = node.stopped.clone().unwrap_or(finish);
        self.end(step, finish, actions);
        let planned = &self.plan.steps[step];
        if matches!(planned.action, Does::Checkout) && self.workspace == Workspace::Making {
            self.workspace = Workspace::Missing;
        }
        if planned.on_failure == OnFailure::Cancel && self.is_bad(step) && self.stop.is_none() {
            actions.push(Action::CancelBuild(step));
            let finish = verdict::of_job(&self.plan, &self.ends());
            self.stop_as(finish, Reason::CancelledByStep, actions);
        }
    }

    fn stop_all(&mut self, finish: Finish, actions: &mut Vec<Action>) {
        let reason = finish.reason;
        self.stop_as(finish, reason, actions);
    }

    /// Ends the job as `finish`; its running steps as `reason`.
    fn stop_as(&mut self, finish: Finish, reason: Reason, actions: &mut Vec<Action>) {
        if self.stop.is_some() {
            return;
        }
        self.stop = Some(finish);
        for step in 0..self.nodes.len() {
            let awaited = self.plan.steps[step].is_awaited();
            let node = &mut self.nodes[step];
            match node.phase {
                Phase::Waiting | Phase::Broken(_) => self.end(step, Finish::because(Reason::JobEnded), actions),
                Phase::Preparing | Phase::Prepared => {
                    self.end(step, Finish::because(Reason::JobEnded), actions);
                    actions.push(Action::Stop(step));
                }
                Phase::Releasing | Phase::Running => {
                    if node.stopped.is_none() {
                        node.stopped = Some(Finish::because(if awaited { reason } else { Reason::Stopped }));
                        actions.push(Action::Stop(step));
                    }
                }
                Phase::Said(_) => actions.push(Action::Stop(step)),
                Phase::Ended(_) => {}
            }
        }
    }

    /// Does all that the present state allows.
    fn settle(&mut self, actions: &mut Vec<Action>) {
        while (0..self.nodes.len()).any(|step| self.take_turn(step, actions)) {}
        self.prepare_ahead(actions);
        self.stop_what_nobody_waits_for(actions);
        if self.nodes.iter().all(|node| matches!(node.phase, Phase::Ended(_))) {
            self.finished = true;
            let finish = self.stop.clone().unwrap_or_else(|| verdict::of_job(&self.plan, &self.ends()));
            actions.push(Action::Finish(finish));
        }
    }

    /// Moves the step on if its turn has come; says whether that changed anything.
    fn take_turn(&mut self, step: usize, actions: &mut Vec<Action>) -> bool {
        let node = &self.nodes[step];
        let unstarted = matches!(node.phase, Phase::Waiting | Phase::Preparing | Phase::Prepared | Phase::Broken(_));
        if !unstarted || !self.is_ready(step) {
            return false;
        }
        let upstream_failed = self.upstream_failed(step);
        if !self.plan.steps[step].runs_on.fits(upstream_failed) {
            if matches!(node.phase, Phase::Preparing | Phase::Prepared) {
                actions.push(Action::Stop(step));
            }
            let reason = if upstream_failed { Reason::Needs } else { Reason::Condition };
            self.end(step, Finish::because(reason), actions);
            return true;
        }
        match node.phase.clone() {
            Phase::Waiting => self.begin(step, actions),
            Phase::Prepared => {
                self.set(step, Phase::Releasing);
                actions.push(Action::Release(step));
                true
            }
            Phase::Broken(failed) => {
                self.end_by_itself(step, Finish::with_note(failed.reason, failed.message), actions);
                true
            }
            Phase::Preparing | Phase::Releasing | Phase::Running | Phase::Said(_) | Phase::Ended(_) => false,
        }
    }

    fn begin(&mut self, step: usize, actions: &mut Vec<Action>) -> bool {
        if matches!(self.plan.steps[step].action, Does::Checkout) {
            self.workspace = Workspace::Making;
            self.set(step, Phase::Running);
            actions.push(Action::Checkout(step));
            return true;
        }
        match self.workspace.clone() {
            Workspace::Ready => {
                self.set(step, Phase::Preparing);
                actions.push(Action::Prepare(step));
                true
            }
            Workspace::Failed(failed) => {
                self.end_by_itself(step, Finish::with_note(failed.reason, failed.message), actions);
                true
            }
            Workspace::Missing | Workspace::Making if self.checkout_to_come() => false,
            // There is no checkout, or it failed and this step runs all the same.
            Workspace::Missing => {
                self.workspace = Workspace::Making;
                actions.push(Action::EmptyWorkspace);
                true
            }
            Workspace::Making => false,
        }
    }

    fn checkout_to_come(&self) -> bool {
        self.plan
            .steps
            .iter()
            .zip(&self.nodes)
            .any(|(step, node)| matches!(step.action, Does::Checkout) && !matches!(node.phase, Phase::Ended(_)))
    }

    /// Once the last step that the job waits for is done, services and detached steps have no purpose.
    fn stop_what_nobody_waits_for(&mut self, actions: &mut Vec<Action>) {
        let steps = self.plan.steps.iter().map(|step| step.is_awaited());
        if steps.zip(&self.nodes).any(|(awaited, node)| awaited && !is_done(&node.phase)) {
            return;
        }
        for step in 0..self.nodes.len() {
            if self.plan.steps[step].is_awaited() {
                continue;
            }
            let node = &mut self.nodes[step];
            match node.phase {
                Phase::Waiting | Phase::Broken(_) => self.end(step, Finish::because(Reason::JobEnded), actions),
                Phase::Preparing | Phase::Prepared => {
                    actions.push(Action::Stop(step));
                    self.end(step, Finish::because(Reason::JobEnded), actions);
                }
                Phase::Releasing | Phase::Running if node.stopped.is_none() => {
                    node.stopped = Some(Finish::because(Reason::Stopped));
                    actions.push(Action::Stop(step));
                }
                Phase::Releasing | Phase::Running | Phase::Said(_) | Phase::Ended(_) => {}
            }
        }
    }

    /// Whether everything that the step needs is met.
    pub(super) fn is_ready(&self, step: usize) -> bool {
        self.plan.steps[step].needs.iter().all(|need| self.is_met(*need))
    }

    pub(super) fn is_met(&self, need: usize) -> bool {
        let Some(phase) = self.phase(need) else { return true };
        is_done(phase) || (*phase == Phase::Running && !self.plan.steps[need].is_awaited())
    }

    /// Whether something that the step needs, directly or not, failed and is not ignored.
    pub(super) fn upstream_failed(&self, step: usize) -> bool {
        let mut seen = vec![false; self.nodes.len()];
        let mut next: Vec<usize> = self.plan.steps[step].needs.clone();
        while let Some(need) = next.pop() {
            if need >= seen.len() || std::mem::replace(&mut seen[need], true) {
                continue;
            }
            if self.is_bad(need) {
                return true;
            }
            next.extend(&self.plan.steps[need].needs);
        }
        false
    }

    fn is_bad(&self, step: usize) -> bool {
        let planned = &self.plan.steps[step];
        match &self.nodes[step].phase {
            Phase::Said(code) => *code != 0 && planned.is_awaited() && planned.on_failure != OnFailure::Ignore,
            Phase::Ended(finish) => verdict::counts(planned, finish),
            Phase::Waiting
            | Phase::Preparing
            | Phase::Prepared
            | Phase::Broken(_)
            | Phase::Releasing
            | Phase::Running => false,
        }
    }

    fn ends(&self) -> Vec<Option<&Finish>> {
        self.nodes.iter().map(|node| if let Phase::Ended(finish) = &node.phase { Some(finish) } else { None }).collect()
    }
}

fn is_done(phase: &Phase) -> bool {
    matches!(phase, Phase::Said(_) | Phase::Ended(_))
}
