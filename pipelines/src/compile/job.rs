//! One workflow in one cell -> a plan.

use super::{
    LeftOut,
    containers::Containers,
    order::{self, Kept},
    paths,
};
use crate::{
    environment::Surroundings,
    filter::{Facts, Verdict},
    flavour::Flavour,
    matrix::Cell,
    plan::{Action, OnFailure, Plan, RunsOn, Step as Planned},
    report::Report,
    substitute::Variables,
    syntax::{Clone, Role, Step, Workflow},
};

/// Most steps of a job, services and checkout included.
pub(super) const MOST_STEPS: usize = 100;
/// How long a job may run unless its file says otherwise, in seconds.
const TIMEOUT: u64 = 3600;

/// What one cell is compiled with.
pub(super) struct Cellwise<'a> {
    /// Name of the job.
    pub(super) name: &'a str,
    pub(super) workflow: &'a str,
    pub(super) cell: &'a Cell,
    pub(super) flavour: Flavour,
    pub(super) facts: Facts<'a>,
    pub(super) context: &'a crate::context::Context,
    /// Environment that all steps of the build share.
    pub(super) build: &'a crate::plan::Environment,
    pub(super) variables: &'a Variables<'a>,
}

/// The plan of a job. `None` when no step is left; why is in `left_out`.
pub(super) fn plan(
    workflow: &Workflow,
    with: &Cellwise<'_>,
    left_out: &mut Vec<LeftOut>,
    report: &mut Report,
) -> Option<Plan> {
    let (built_in, clones): (Option<&str>, &[Step]) = match &workflow.clone {
        Clone::BuiltIn { name } => (Some(name), &[]),
        Clone::Skip => (None, &[]),
        Clone::Custom(steps) => (None, steps),
    };
    order::check(clones, &workflow.services, &workflow.steps, built_in, report);
    let mut kept: Vec<(Kept<'_>, RunsOn)> = Vec::new();
    let all = [(Role::Clone, clones), (Role::Service, &workflow.services), (Role::Step, &workflow.steps)];
    for (role, steps) in all {
        for step in steps {
            match step.when.verdict(&with.facts.in_cell(with.cell)) {
                Verdict::Runs(runs_on) => kept.push((Kept { step, role }, runs_on)),
                Verdict::LeftOut(why) => {
                    let what = if role == Role::Service { "service" } else { "step" };
                    let what = format!("{what} `{}` of `{}`", step.name.value, with.name);
                    left_out.push(LeftOut { what, why });
                }
            }
        }
    }
    let offset = usize::from(built_in.is_some());
    if kept.len() + offset > MOST_STEPS {
        report
            .error(
                None,
                format!("the job `{}` has {} steps, and {MOST_STEPS} is the most", with.name, kept.len() + offset),
            )
            .help("split it into several workflow files");
        return None;
    }
    let only: Vec<Kept<'_>> = kept.iter().map(|(kept, _)| *kept).collect();
    let needs = order::needs(&only, &workflow.steps, offset, report);
    if !kept.iter().any(|(kept, _)| kept.role == Role::Step) {
        if !report.has_errors() {
            let what = format!("workflow `{}`", with.name);
            left_out.push(LeftOut { what, why: "no step of it is left".to_owned() });
        }
        return None;
    }
    let workspace = paths::workspace(workflow, with.flavour, with.context, report);
    let around = Surroundings {
        context: with.context,
        build: with.build,
        matrix: with.cell,
        workflow: with.workflow,
        workspace: &workspace.path,
        platform: workflow.labels.get("platform").map(String::as_str),
    };
    let mut steps: Vec<Planned> = built_in.map(|name| checkout(name, with, &workspace.path)).into_iter().collect();
    let mut containers = Containers { around, workspace: &workspace, variables: with.variables, report };
    for ((kept, runs_on), needs) in kept.into_iter().zip(needs) {
        steps.push(Planned { needs, ..containers.step(kept.step, kept.role, runs_on) });
    }
    let timeout_seconds = workflow.timeout.unwrap_or(TIMEOUT);
    Some(Plan { name: with.name.to_owned(), workspace, steps, timeout_seconds })
}

fn checkout(name: &str, with: &Cellwise<'_>, path: &str) -> Planned {
    let mut environment = with.build.clone();
    environment.insert("CI_WORKFLOW_NAME".to_owned(), with.workflow.to_owned());
    environment.insert("CI_WORKSPACE".to_owned(), path.to_owned());
    environment.insert("CI_STEP_NAME".to_owned(), name.to_owned());
    Planned {
        name: name.to_owned(),
        action: Action::Checkout,
        needs: Vec::new(),
        runs_on: RunsOn::default(),
        on_failure: OnFailure::Fail,
        environment,
        timeout_seconds: None,
    }
}
