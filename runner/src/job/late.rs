//! What only the runner knows about a step's environment.

use std::collections::BTreeMap;

use slipway_pipelines::{
    plan::{Environment, Plan},
    state::Millis,
    wire::Grant,
};

/// What the environment depends on when a step is let go.
pub(super) struct Moment<'a> {
    pub(super) machine: &'a str,
    pub(super) has_failed: bool,
    pub(super) now: Millis,
    /// By the position of the step that gave them.
    pub(super) outputs: &'a BTreeMap<usize, Environment>,
}

/// What is added to the environment of a step. The step's own `environment` goes over outputs of others.
pub(super) fn late(grant: &Grant, step: usize, moment: &Moment<'_>) -> Environment {
    let Some(planned) = grant.plan.steps.get(step) else { return Environment::new() };
    let mut late = grant.inputs.clone();
    for need in nearest_last(&grant.plan, step) {
        late.extend(moment.outputs.get(&need).cloned().unwrap_or_default());
    }
    late.retain(|name, _| !planned.environment.contains_key(name));
    let status = if moment.has_failed { "failure" } else { "success" };
    let mut add = |name: &str, value: &str| late.insert(name.to_owned(), value.to_owned());
    add("CI_MACHINE", moment.machine);
    add("CI_PIPELINE_STATUS", status);
    add("CI_STEP_STARTED", &(moment.now / 1000).to_string());
    if planned.environment.contains_key("DRONE") {
        add("DRONE_BUILD_STATUS", status);
    }
    late
}

/// All that the step needs, directly or not: each after what it needs itself, so that of two that give the same name the nearer
/// holds.
fn nearest_last(plan: &Plan, step: usize) -> Vec<usize> {
    let mut seen = vec![false; plan.steps.len()];
    let mut order = Vec::new();
    // Whether all that a step needs is in the order already.
    let mut open = vec![(step, false)];
    while let Some((at, is_complete)) = open.pop() {
        let Some(planned) = plan.steps.get(at) else { continue };
        if is_complete {
            order.push(at);
        } else if !std::mem::replace(&mut seen[at], true) {
            open.push((at, true));
            let mut needs = planned.needs.clone();
            needs.sort_unstable();
            open.extend(needs.into_iter().rev().map(|need| (need, false)));
        }
    }
    order.pop();
    order
}

#[cfg(test)]
mod tests {
    use slipway_pipelines::plan::Step;

    use super::*;
    use crate::testing::plans::{grant, step, with};

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn given(steps: Vec<Step>, at: usize, outputs: &[(usize, &[(&str, &str)])]) -> Environment {
        let mut grant = grant(1, steps);
        grant.inputs = environment(&[("FROM_JOB", "j"), ("A", "job")]);
        let outputs = outputs.iter().map(|(step, pairs)| (*step, environment(pairs))).collect();
        let moment = Moment { machine: "m", has_failed: true, now: 7_000, outputs: &outputs };
        late(&grant, at, &moment)
    }

    #[test]
    fn outputs_come_from_what_is_needed_the_nearest_last() {
        let steps = || vec![step("far", &[]), step("near", &[0]), step("other", &[]), step("last", &[1])];
        let outputs: &[(usize, &[(&str, &str)])] =
            &[(0, &[("A", "far"), ("B", "far")]), (1, &[("A", "near")]), (2, &[("C", "other")])];
        let late = given(steps(), 3, outputs);
        assert_eq!((late["A"].as_str(), late["B"].as_str(), late["FROM_JOB"].as_str()), ("near", "far", "j"));
        assert!(!late.contains_key("C"), "it does not need that");
        assert_eq!(given(steps(), 0, outputs)["A"], "job");
    }

    #[test]
    fn a_need_that_stands_later_in_the_plan_is_nearer_all_the_same() {
        let steps = vec![step("near", &[1]), step("far", &[]), step("last", &[0, 1])];
        assert_eq!(given(steps, 2, &[(0, &[("A", "near")]), (1, &[("A", "far")])])["A"], "near");
    }

    #[test]
    fn the_steps_own_environment_goes_over_outputs() {
        let steps = vec![step("a", &[]), with("A", "own", step("b", &[0]))];
        assert!(!given(steps, 1, &[(0, &[("A", "output")])]).contains_key("A"));
    }

    #[test]
    fn plugins_hear_the_status_by_its_old_name() {
        let late = given(vec![with("DRONE", "true", step("a", &[])), step("b", &[])], 0, &[]);
        assert_eq!((late["CI_PIPELINE_STATUS"].as_str(), late["DRONE_BUILD_STATUS"].as_str()), ("failure", "failure"));
        let late = given(vec![step("b", &[])], 0, &[]);
        assert!(
            !late.contains_key("DRONE_BUILD_STATUS") && late["CI_STEP_STARTED"] == "7" && late["CI_MACHINE"] == "m"
        );
    }
}
