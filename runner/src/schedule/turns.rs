//! Whose turn it is.

use slipway_pipelines::{
    plan::Action as Does,
    state::{Finish, Reason},
};

use super::{
    decide::{Phase, Schedule},
    verdict,
    words::{Action, Workspace},
};

impl Schedule {
    /// Does all that the present state allows.
    pub(super) fn settle(&mut self, actions: &mut Vec<Action>) {
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
        if !unstarted || !self.has_its_needs(step) {
            return false;
        }
        let upstream = self.upstream_failure(step);
        // A later try runs because the first one did.
        if node.retries == 0 && !self.plan.steps[step].runs_on.fits(upstream.is_some()) {
            if matches!(node.phase, Phase::Preparing | Phase::Prepared) {
                actions.push(Action::Stop(step));
            }
            self.end(step, self.left_out(upstream), actions);
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
            Phase::Preparing
            | Phase::Releasing
            | Phase::Starting
            | Phase::Running
            | Phase::Said(_)
            | Phase::Pausing
            | Phase::Ended(_) => false,
        }
    }

    /// The end of a step that does not run, with what a reader of the page wants to know.
    fn left_out(&self, upstream: Option<usize>) -> Finish {
        match upstream.and_then(|step| self.plan.steps.get(step)) {
            Some(failed) => Finish::with_note(Reason::Needs, format!("`{}` failed", failed.name)),
            None => Finish::with_note(Reason::Condition, "it runs only after a failure"),
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
}
