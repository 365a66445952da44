//! How steps end: by themselves, for another try, or because the job does.

use std::time::Duration;

use slipway_pipelines::{
    plan::{Action as Does, OnFailure},
    state::{Finish, Reason},
};

use super::{
    decide::{Phase, Schedule},
    upstream::is_done,
    verdict,
    words::{Action, Again, Workspace},
};

impl Schedule {
    pub(super) fn end(&mut self, step: usize, finish: Finish, actions: &mut Vec<Action>) {
        let Some(node) = self.nodes.get_mut(step) else { return };
        if matches!(node.phase, Phase::Ended(_)) {
            return;
        }
        let made = if node.phase == Phase::Pausing { node.retries.saturating_sub(1) } else { node.retries };
        let finish = verdict::after_retries(finish, made);
        node.phase = Phase::Ended(finish.clone());
        actions.push(Action::End(step, finish));
    }

    /// The step's own end, which may have consequences.
    pub(super) fn end_by_itself(&mut self, step: usize, finish: Finish, actions: &mut Vec<Action>) {
        let Some(node) = self.nodes.get(step) else { return };
        if matches!(node.phase, Phase::Ended(_)) {
            return;
        }
        let finish = node.stopped.clone().unwrap_or(finish);
        if let Some(again) = self.again(step, &finish) {
            let node = &mut self.nodes[step];
            node.phase = Phase::Pausing;
            node.stopped = None;
            node.retries = again.retry;
            actions.push(Action::Again(step, again));
            return;
        }
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

    /// The next try, if the step is to have one after such an end.
    pub(super) fn again(&self, step: usize, finish: &Finish) -> Option<Again> {
        let (node, planned) = (self.nodes.get(step)?, self.plan.steps.get(step)?);
        let retry = planned.retry.as_ref()?;
        // Others have gone on already, or will never come.
        let is_final = match node.phase {
            Phase::Said(_) | Phase::Ended(_) => true,
            Phase::Running => !planned.is_awaited(),
            _ => !planned.is_awaited() && self.nobody_waits(),
        };
        let is_possible = planned.container().is_some() && self.stop.is_none() && !is_final;
        (is_possible && retry.wants(finish, node.retries)).then(|| Again {
            retry: node.retries + 1,
            most: retry.max,
            delay: Duration::from_secs(retry.delay_seconds),
            after: finish.clone(),
        })
    }

    /// Asks a step to stop if it is in one of these phases: it ends as `finish`.
    pub(super) fn stop_one(&mut self, step: usize, finish: Finish, phases: &[Phase], actions: &mut Vec<Action>) {
        if let Some(node) = self.nodes.get_mut(step)
            && phases.contains(&node.phase)
            && node.stopped.is_none()
        {
            node.stopped = Some(finish);
            actions.push(Action::Stop(step));
        }
    }

    pub(super) fn stop_all(&mut self, finish: Finish, actions: &mut Vec<Action>) {
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
            let reason = if self.plan.steps[step].is_awaited() { reason } else { Reason::Stopped };
            if matches!(self.nodes[step].phase, Phase::Said(_)) {
                actions.push(Action::Stop(step));
            } else {
                self.stop_step(step, reason, actions);
            }
        }
    }

    /// Once the last step that the job waits for is done, services and detached steps have no purpose.
    pub(super) fn stop_what_nobody_waits_for(&mut self, actions: &mut Vec<Action>) {
        if !self.nobody_waits() {
            return;
        }
        for step in 0..self.nodes.len() {
            if !self.plan.steps[step].is_awaited() {
                self.stop_step(step, Reason::Stopped, actions);
            }
        }
    }

    fn nobody_waits(&self) -> bool {
        let steps = self.plan.steps.iter().map(|step| step.is_awaited());
        steps.zip(&self.nodes).all(|(awaited, node)| !awaited || is_done(&node.phase))
    }

    /// Brings about the end of a step for the job's sake; one that has run ends as `reason`.
    fn stop_step(&mut self, step: usize, reason: Reason, actions: &mut Vec<Action>) {
        let node = &self.nodes[step];
        let reason_now = if node.retries > 0 { reason } else { Reason::JobEnded };
        match node.phase {
            Phase::Waiting | Phase::Broken(_) => self.end(step, Finish::because(reason_now), actions),
            Phase::Preparing | Phase::Prepared | Phase::Pausing => {
                actions.push(Action::Stop(step));
                self.end(step, Finish::because(reason_now), actions);
            }
            Phase::Releasing | Phase::Starting | Phase::Running => {
                let phases = [Phase::Releasing, Phase::Starting, Phase::Running];
                self.stop_one(step, Finish::because(reason), &phases, actions);
            }
            Phase::Said(_) | Phase::Ended(_) => {}
        }
    }
}
