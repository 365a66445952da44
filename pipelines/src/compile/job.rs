//! One workflow in one cell -> a plan.

use std::{rc::Rc, sync::Arc};

use super::{
    LeftOut,
    cells::{Ground, Slots},
    containers::Containers,
    file::Shared,
    order::{self, Kept},
    paths, weight,
};
use crate::{
    filter::{Facts, Unclear, Verdict},
    flavour::Flavour,
    matrix::Cell,
    plan::{Action, Environment, Plan, RunsOn, Step as Planned, Workspace},
    report::Report,
    substitute::Variables,
    syntax::{Clone, Role, Step, Workflow},
};

/// Most steps of a job, services and checkout included.
pub(crate) const MOST_STEPS: usize = 100;
/// How long a job may run unless its file says otherwise, in seconds.
const TIMEOUT: u64 = 3600;

/// What one cell is compiled with.
pub(super) struct Cellwise<'a> {
    /// Name of the job.
    pub(super) name: &'a str,
    /// Name of the file's workflow.
    pub(super) workflow: &'a str,
    pub(super) cell: &'a Cell,
    pub(super) flavour: Flavour,
    pub(super) facts: Facts<'a>,
    pub(super) shared: &'a Shared<'a>,
    pub(super) variables: &'a Variables<'a>,
}

/// A plan, and how large it is.
pub(super) struct Weighed {
    pub(super) plan: Plan,
    pub(super) weight: usize,
}

/// A step that stays: its position among the slots, itself, and which outcomes it runs on.
type Stays = (usize, Rc<Step>, RunsOn);

/// The plan of a job. `None` when no step is left; why is in `left_out`. `environment` is that of the last cell.
pub(super) fn plan(
    workflow: &Workflow,
    with: &Cellwise<'_>,
    slots: &mut Slots<'_>,
    environment: &mut Option<Arc<Environment>>,
    left_out: &mut Vec<LeftOut>,
    report: &mut Report,
) -> Option<Weighed> {
    check(workflow, slots, report);
    let workspace = paths::workspace(workflow, with.flavour, with.shared.context, report);
    let (clone, platform) = (workflow.clone.clone(), workflow.labels.get("platform").cloned());
    slots.stand_on(Ground { clone, workspace: workspace.clone(), platform });
    let built_in = workflow.clone.built_in();
    let offset = usize::from(built_in.is_some());

    let kept = filtered(with, slots, left_out, report);
    if kept.len() + offset > MOST_STEPS {
        let count = kept.len() + offset;
        report
            .error(None, format!("the job `{}` has {count} steps, and {MOST_STEPS} is the most", with.name))
            .help("split it into several workflow files");
        return None;
    }
    let needs = needs(&kept, slots, offset, report);
    if !kept.iter().any(|(at, ..)| slots.all[*at].role() == Role::Step) {
        if !report.has_errors() {
            let what = format!("workflow `{}`", with.name);
            left_out.push(LeftOut { what, why: "no step of it is left".to_owned() });
        }
        return None;
    }

    let environment = told(with, workflow, &workspace, environment);
    let mut values = with.shared.values.clone();
    values.extend(with.cell.iter().map(|(axis, value)| (axis.clone(), value.clone())));
    let mut steps: Vec<Arc<Planned>> = Vec::with_capacity(kept.len() + offset);
    steps.extend(built_in.map(|name| Arc::new(Planned::new(name, Action::Checkout))));
    let mut weight = weight::of_environment(&environment) + weight::of_environment(&values);
    let mut containers = Containers {
        context: with.shared.context,
        workspace: &workspace,
        variables: with.variables,
        shared: &environment,
        values: &values,
        drone: &with.shared.drone,
        report,
    };
    for ((at, step, runs_on), needs) in kept.iter().zip(needs.iter()) {
        let slot = &mut slots.all[*at];
        let role = slot.role();
        let made = slot.place(*runs_on, needs, with.variables, || containers.step(step, role));
        weight += made.weight;
        steps.push(made.step);
    }
    let plan = Plan {
        name: with.name.to_owned(),
        place: 0,
        url: with.shared.context.build.url.clone(),
        workspace,
        environment,
        values,
        steps,
        timeout_seconds: workflow.timeout.unwrap_or(TIMEOUT),
    };
    Some(Weighed { plan, weight })
}

/// The steps that stay, in the order of the plan: clones, services, steps.
fn filtered(
    with: &Cellwise<'_>,
    slots: &mut Slots<'_>,
    left_out: &mut Vec<LeftOut>,
    report: &mut Report,
) -> Vec<Stays> {
    let facts = with.facts.in_cell(with.cell);
    let mut kept: Vec<Stays> = Vec::with_capacity(slots.all.len());
    for role in [Role::Clone, Role::Service, Role::Step] {
        let steps: Vec<(usize, Rc<Step>)> = slots.steps(role).map(|(at, step)| (at, step.clone())).collect();
        for (at, step) in steps {
            match slots.all[at].verdict(&step, &facts) {
                Verdict::Runs(runs_on) => kept.push((at, step, runs_on)),
                Verdict::LeftOut(why) => {
                    let what = if role == Role::Service { "service" } else { "step" };
                    let what = format!("{what} `{}` of `{}`", step.name.value, with.name);
                    left_out.push(LeftOut { what, why });
                }
                Verdict::Wrong(unclear) => say(*unclear, report),
            }
        }
    }
    kept
}

/// Checks names and needs, once where they are the same in every cell.
pub(super) fn check(workflow: &Workflow, slots: &mut Slots<'_>, report: &mut Report) {
    if slots.checked && !slots.order_varies() {
        return;
    }
    let of = |role: Role| -> Vec<&Step> { slots.steps(role).map(|(_, step)| step.as_ref()).collect() };
    let (clones, services, steps) = (of(Role::Clone), of(Role::Service), of(Role::Step));
    order::check(&clones, &services, &steps, workflow.clone.built_in(), report);
    slots.checked = true;
}

/// What each step that stays needs, by position in the plan.
fn needs(kept: &[Stays], slots: &mut Slots<'_>, offset: usize, report: &mut Report) -> Rc<Vec<Vec<usize>>> {
    let mut stays = vec![false; slots.all.len()];
    kept.iter().for_each(|(at, ..)| stays[*at] = true);
    let varies = slots.order_varies();
    if let Some(known) = slots.orders.get(&stays).filter(|_| !varies) {
        return known.clone();
    }
    let all: Vec<&Step> = slots.steps(Role::Step).map(|(_, step)| step.as_ref()).collect();
    let only: Vec<Kept<'_>> =
        kept.iter().map(|(at, step, _)| Kept { step: step.as_ref(), role: slots.all[*at].role() }).collect();
    let needs = Rc::new(order::needs(&only, &all, offset, report));
    slots.orders.insert(stays, needs.clone());
    needs
}

/// What all steps of the job are told: that of the last cell where it is the same.
fn told(
    with: &Cellwise<'_>,
    workflow: &Workflow,
    workspace: &Workspace,
    last: &mut Option<Arc<Environment>>,
) -> Arc<Environment> {
    let platform = workflow.labels.get("platform");
    let is_same = |last: &&Arc<Environment>| {
        last.get("CI_WORKSPACE") == Some(&workspace.path) && last.get("CI_SYSTEM_PLATFORM") == platform
    };
    if let Some(last) = last.as_ref().filter(is_same) {
        return last.clone();
    }
    let mut environment = with.shared.build.clone();
    environment.insert("CI_WORKFLOW_NAME".to_owned(), with.workflow.to_owned());
    environment.insert("CI_WORKSPACE".to_owned(), workspace.path.clone());
    if let Some(platform) = platform {
        environment.insert("CI_SYSTEM_PLATFORM".to_owned(), platform.clone());
    }
    last.insert(Arc::new(environment)).clone()
}

/// Reports a condition that cannot be told.
pub(super) fn say(unclear: Unclear, report: &mut Report) {
    let found = report.error(unclear.at, unclear.message);
    if let Some(help) = unclear.help {
        found.help(help);
    }
}

impl Clone {
    /// The name of the built-in checkout, if that is what there is.
    fn built_in(&self) -> Option<&str> {
        match self {
            Self::BuiltIn { name } => Some(name),
            Self::Skip | Self::Custom => None,
        }
    }
}
