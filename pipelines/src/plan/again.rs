//! Which steps need not run again when a job that failed goes on from there.

use std::sync::Arc;

use super::{Action, OnFailure, Plan, Step};
use crate::state::{Finish, Reason, Status};

impl Plan {
    /// Positions of the steps that stand as they ended, in order: those that went well, those whose failure is ignored and those left out
    /// by their `when`, as long as all that they need stands, too. `ends` has one entry for each step; `None` for what has no end.
    /// Empty where going on comes to no more than another checkout, or to nothing at all.
    ///
    /// Services and detached steps start again: they ended with their job. So does a step that ran because something had failed.
    pub fn standing(&self, ends: &[Option<Finish>]) -> Vec<usize> {
        let end = |position: usize| ends.get(position).and_then(Option::as_ref);
        let stands = self.stands(end);
        let is_worth_it = |(position, step): (usize, &Arc<Step>)| {
            let has_run = end(position).is_some_and(|end| end.status() != Status::Skipped);
            stands[position] && has_run && step.container().is_some()
        };
        let runs_again = |(position, step): (usize, &Arc<Step>)| !stands[position] && step.is_awaited();
        if !self.steps.iter().enumerate().any(is_worth_it) || !self.steps.iter().enumerate().any(runs_again) {
            return Vec::new();
        }
        (0..stands.len()).filter(|&position| stands[position]).collect()
    }

    /// Makes the steps that run again wait for the services and detached steps that those were waiting for which stand: these start again.
    pub fn go_on(&mut self, standing: &[usize]) {
        for position in (0..self.steps.len()).filter(|position| !standing.contains(position)) {
            let mut seen = vec![false; self.steps.len()];
            let mut open = self.steps[position].needs.clone();
            let mut more = Vec::new();
            while let Some(need) = open.pop() {
                let Some(step) = self.steps.get(need).filter(|_| !std::mem::replace(&mut seen[need], true)) else {
                    continue;
                };
                if standing.contains(&need) {
                    open.extend(&step.needs);
                } else if !self.steps[position].needs.contains(&need) {
                    more.push(need);
                }
            }
            if !more.is_empty() {
                Arc::make_mut(&mut self.steps[position]).needs.extend(more);
            }
        }
    }

    /// For each step.
    fn stands<'a>(&self, end: impl Fn(usize) -> Option<&'a Finish>) -> Vec<bool> {
        let ended_so = |(position, step): (usize, &Arc<Step>)| end(position).is_some_and(|end| step.stands(end));
        let mut stands: Vec<bool> = self.steps.iter().enumerate().map(ended_so).collect();
        // What falls takes with it what needs it, wherever that is in the file.
        loop {
            let is_met = |need: &usize| match self.steps.get(*need) {
                Some(step) if step.is_awaited() => stands[*need],
                Some(_) | None => true,
            };
            let falls: Vec<usize> = (0..stands.len())
                .filter(|&position| stands[position] && !self.steps[position].needs.iter().all(is_met))
                .collect();
            if falls.is_empty() {
                return stands;
            }
            falls.into_iter().for_each(|position| stands[position] = false);
        }
    }
}

impl Step {
    fn stands(&self, end: &Finish) -> bool {
        match self.action {
            Action::Service(_) | Action::Detach(_) => false,
            Action::Checkout => end.reason == Reason::Ok,
            Action::Run(_) => match end.status() {
                Status::Success => self.runs_on.success,
                Status::Failure => self.on_failure == OnFailure::Ignore && self.runs_on.success,
                // The same needs decide the same.
                Status::Skipped => end.reason == Reason::Condition,
                _ => false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::*, *};

    fn plan(steps: Vec<Step>) -> Plan {
        let path = || "/slipway".to_owned();
        Plan::new("job", Workspace { base: path(), path: path() }, steps)
    }

    fn container() -> Container {
        let image = Image::Registry { reference: "busybox".to_owned(), pull: Pull::default() };
        Container::new(image, Program::Image, "/slipway")
    }

    fn run(name: &str, needs: &[usize]) -> Step {
        Step { needs: needs.to_vec(), ..Step::new(name, Action::Run(container())) }
    }

    fn ends(reasons: &[Reason]) -> Vec<Option<Finish>> {
        reasons.iter().map(|reason| Some(Finish::because(*reason))).collect()
    }

    #[test]
    fn what_went_well_before_the_failure_stands() {
        let plan = plan(vec![
            Step::new("clone", Action::Checkout),
            Step::new("db", Action::Service(container())),
            Step { on_failure: OnFailure::Ignore, ..run("lint", &[0]) },
            run("build", &[1, 2]),
            Step { runs_on: RunsOn { success: false, failure: true }, ..run("sorry", &[3]) },
            run("test", &[4]),
            Step { runs_on: RunsOn { success: true, failure: true }, ..run("notify", &[5]) },
            Step { runs_on: RunsOn { success: false, failure: true }, ..run("mourn", &[3]) },
        ]);
        let reasons = [
            Reason::Ok,
            Reason::Stopped,
            Reason::ExitCode,
            Reason::Ok,
            Reason::Condition,
            Reason::ExitCode,
            Reason::Ok,
            Reason::Ok,
        ];
        let standing = plan.standing(&ends(&reasons));
        assert_eq!(standing, [0, 2, 3, 4], "not the service, what failed, what came after it, or what mourned it");
    }

    #[test]
    fn nothing_stands_where_going_on_is_not_worth_it() {
        let skipped = || Step { runs_on: RunsOn { success: false, failure: true }, ..run("sorry", &[0]) };
        let first = plan(vec![Step::new("clone", Action::Checkout), skipped(), run("test", &[1])]);
        let reasons = [Reason::Ok, Reason::Condition, Reason::ExitCode];
        assert_eq!(first.standing(&ends(&reasons)), [0; 0], "a checkout is soon done again");
        let detached = Step::new("proxy", Action::Detach(container()));
        let all = plan(vec![Step::new("clone", Action::Checkout), detached, run("test", &[0])]);
        let reasons = [Reason::Ok, Reason::ExitCode, Reason::Ok];
        assert_eq!(all.standing(&ends(&reasons)), [0; 0], "no step would run, and the job be green");
    }

    #[test]
    fn an_end_that_is_not_known_or_not_its_own_does_not_stand() {
        let plan = plan(vec![run("a", &[]), run("b", &[2]), run("c", &[0])]);
        assert_eq!(plan.standing(&ends(&[Reason::Ok, Reason::ExitCode, Reason::Ok])), [0, 2]);
        assert_eq!(plan.standing(&ends(&[Reason::Ok, Reason::Ok, Reason::Cancelled])), [0], "b needs what comes later");
        assert_eq!(plan.standing(&ends(&[Reason::Infra, Reason::Ok, Reason::Ok])), [0; 0]);
        assert_eq!(plan.standing(&[Some(Finish::because(Reason::Ok))]), [0]);
        assert_eq!(plan.standing(&[]), [0; 0]);
    }

    #[test]
    fn who_runs_again_waits_for_the_services_of_those_before_it() {
        let mut plan = plan(vec![
            Step::new("clone", Action::Checkout),
            Step { needs: vec![0], ..Step::new("db", Action::Service(container())) },
            run("build", &[0, 1]),
            Step { needs: vec![2], ..Step::new("proxy", Action::Detach(container())) },
            run("unit", &[3, 2]),
            run("deploy", &[4]),
            run("announce", &[5]),
        ]);
        plan.go_on(&[0, 2, 4]);
        let needs: Vec<Vec<usize>> = plan.steps.iter().map(|step| step.needs.clone()).collect();
        assert_eq!(needs[..5], [vec![], vec![0], vec![0, 1], vec![2, 1], vec![3, 2]]);
        assert_eq!(needs[5..], [vec![4, 1, 3], vec![5]], "the last one waits for the one before it");
    }

    proptest! {
        /// Nothing stands on what does not.
        #[test]
        fn what_stands_has_all_its_needs(
            needs in prop::collection::vec(prop::collection::vec(0..8usize, 0..3), 1..8),
            well in prop::collection::vec(any::<bool>(), 8),
        ) {
            let plan = plan(needs.iter().map(|needs| run("x", needs)).collect());
            let reason = |well: &bool| if *well { Reason::Ok } else { Reason::ExitCode };
            let standing = plan.standing(&ends(&well.iter().map(reason).collect::<Vec<_>>()));
            for &position in &standing {
                prop_assert!(well[position]);
                for need in needs[position].iter().filter(|need| **need < needs.len()) {
                    prop_assert!(standing.contains(need));
                }
            }
        }
    }
}
