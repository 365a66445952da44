//! One workflow in one cell -> a plan.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    LeftOut,
    containers::Containers,
    order::{self, Kept},
    paths,
};
use crate::{
    filter::{Facts, Verdict},
    flavour::Flavour,
    matrix::Cell,
    plan::{Action, Environment, OnFailure, Plan, RunsOn, Step as Planned},
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
    pub(super) parameters: &'a crate::parameter::Values,
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
    let mut steps: Vec<Arc<Planned>> = built_in.map(|name| Arc::new(checkout(name))).into_iter().collect();
    let mut containers = Containers { context: with.context, workspace: &workspace, variables: with.variables, report };
    for ((kept, runs_on), needs) in kept.into_iter().zip(needs) {
        steps.push(Arc::new(Planned { needs, ..containers.step(kept.step, kept.role, runs_on) }));
    }
    let timeout_seconds = workflow.timeout.unwrap_or(TIMEOUT);
    let mut environment = with.build.clone();
    environment.insert("CI_WORKFLOW_NAME".to_owned(), with.workflow.to_owned());
    environment.insert("CI_WORKSPACE".to_owned(), workspace.path.clone());
    if let Some(platform) = workflow.labels.get("platform") {
        environment.insert("CI_SYSTEM_PLATFORM".to_owned(), platform.clone());
    }
    let mut values = with.parameters.all();
    values.extend(with.cell.clone());
    Some(Plan {
        name: with.name.to_owned(),
        place: 0,
        url: with.context.build.url.clone(),
        workspace,
        environment: Arc::new(environment),
        values,
        steps,
        timeout_seconds,
    })
}

fn checkout(name: &str) -> Planned {
    Planned {
        name: name.to_owned(),
        action: Action::Checkout,
        needs: Vec::new(),
        runs_on: RunsOn::default(),
        on_failure: OnFailure::Fail,
        environment: Environment::new(),
        secrets: BTreeMap::new(),
        sees_values: false,
        timeout_seconds: None,
        retry: None,
        outputs: Vec::new(),
    }
}
