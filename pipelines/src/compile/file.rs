//! One file -> the jobs of its matrix cells.

use std::rc::Rc;

use super::{
    CompiledJob, LeftOut,
    cells::Slots,
    job::{self, Cellwise, plan},
    weight,
};
use crate::{
    compose::Compose,
    context::Context,
    filter::{Expressions, Facts, Globs, Verdict},
    flavour::{Flavour, workflow_name},
    matrix,
    parameter::Values,
    plan::Environment,
    report::Report,
    substitute::{Budget, Variables},
    syntax::{Clone, Need, Reader, Role, Spanned, Workflow},
    yaml::Node,
};

/// What all files of a build are compiled with.
pub(super) struct Shared<'a> {
    pub(super) context: &'a Context,
    pub(super) repository: String,
    pub(super) parameters: Values,
    /// All of `parameters`.
    pub(super) values: Environment,
    /// [`crate::environment::of_build`].
    pub(super) build: Environment,
    /// [`crate::environment::of_plugins`].
    pub(super) drone: Environment,
    pub(super) budget: Budget,
    pub(super) globs: Globs,
    pub(super) expressions: Expressions,
}

/// A job whose needs are still names.
pub(super) struct Draft {
    pub(super) job: CompiledJob,
    pub(super) depends_on: Vec<Need>,
}

/// What became of a file.
#[derive(Default)]
pub(super) struct Drafts {
    pub(super) jobs: Vec<Draft>,
    pub(super) left_out: Vec<LeftOut>,
    /// Of the jobs' plans together.
    pub(super) weight: usize,
    /// What the file as a whole depends on, for cycles; of its first cell.
    pub(super) depends_on: Vec<Need>,
    /// Workflows whose artifacts its steps take, each place once.
    pub(super) takes: Vec<Spanned<String>>,
    /// Whether any step of it keeps artifacts.
    pub(super) keeps: bool,
}

/// Compiles a file. Mistakes are in the report. `compose` has the services that it takes from elsewhere, `heavy` is the weight of
/// the files before.
pub(super) fn compile(
    path: &str,
    root: &Node,
    compose: Option<&Compose>,
    shared: &Shared<'_>,
    heavy: usize,
    report: &mut Report,
) -> Drafts {
    let mut drafts = Drafts::default();
    let flavour = Flavour::of(path);
    let workflow = workflow_name(path);
    let cells = matrix::cells(root, flavour, report);
    // A broken matrix does not hide the other mistakes.
    let cells = if cells.is_empty() { vec![matrix::Cell::new()] } else { cells };
    let mut variables = Variables::new(&shared.budget);
    variables.add(shared.parameters.given.clone());
    variables.add_own(shared.parameters.own.clone());
    variables.add(shared.build.clone());
    variables.add([("CI_WORKFLOW_NAME".to_owned(), workflow.to_owned())]);
    variables.set_axes(&cells);
    let mut slots: Option<Slots<'_>> = None;
    // What is not about steps, and whether it looked at the cell.
    let mut head: Option<(Rc<Workflow>, bool)> = None;
    let event = shared.context.trigger.event();
    let mut environment = None;
    for cell in &cells {
        variables.set_cell(cell);
        let mut reader = Reader {
            report,
            flavour,
            trusted: shared.context.repository.trusted,
            variables: &variables,
            globs: &shared.globs,
            expressions: &shared.expressions,
            asks: Vec::new(),
        };
        let read = match &head {
            Some((read, false)) => read.clone(),
            Some((_, true)) | None => {
                let asked = variables.asked();
                let Some(read) = reader.workflow(root, workflow) else { break };
                let read = Rc::new(read);
                head = Some((read.clone(), variables.asked() != asked));
                read
            }
        };
        let slots = slots.get_or_insert_with(|| Slots::of(root, compose, &mut reader));
        slots.read(matches!(read.clone, Clone::Custom), &mut reader);
        drafts.note_artifacts(slots);
        let name = format!("{workflow}{}", matrix::suffix(cell));
        let platform = read.labels.get("platform").map(String::as_str);
        let facts = Facts::of(shared.context, &shared.repository, platform, &variables);
        if drafts.depends_on.is_empty() {
            drafts.depends_on.clone_from(&read.depends_on);
        }
        if drafts.jobs.is_empty() && read.when.sees_cell() {
            report
                .warning(root.key_span("when"), "`matrix` has no effect in the `when` of a workflow")
                .help("filter the steps, or leave the cell out of the matrix");
        }
        let verdict = match read.when.verdict(&facts) {
            Verdict::Runs(_) if event.must_be_named() && !read.when.names(event) && !slots.names(event) => {
                Verdict::LeftOut(format!("no `when` of it names the event `{}`", event.as_str()))
            }
            verdict => verdict,
        };
        let runs_on = match verdict {
            Verdict::Runs(runs_on) => read.runs_on.unwrap_or(runs_on),
            Verdict::LeftOut(why) => {
                drafts.left_out.push(LeftOut { what: format!("workflow `{name}`"), why });
                // The steps are looked at all the same: a mistake is one whatever the trigger.
                job::check(&read, slots, report);
                continue;
            }
            Verdict::Wrong(unclear) => {
                job::say(*unclear, report);
                job::check(&read, slots, report);
                break;
            }
        };
        let with = Cellwise { name: &name, workflow, cell, flavour, facts, shared, variables: &variables };
        let made = plan(&read, &with, slots, &mut environment, &mut drafts.left_out, report);
        if report.has_errors() {
            // The next cell would say the same again.
            break;
        }
        let Some(made) = made else { continue };
        drafts.left_out.extend(
            compose
                .iter()
                .flat_map(|compose| compose.left_out())
                .map(|(service, why)| LeftOut { what: format!("service `{service}` of `{name}`"), why: why.clone() }),
        );
        drafts.weight += made.weight;
        if heavy + drafts.weight > weight::MOST {
            report
                .error(None, format!("the build compiles to more than {} MiB", weight::MOST >> 20))
                .help("make fewer matrix cells or steps, or smaller environments");
            break;
        }
        let job = CompiledJob {
            name,
            workflow: workflow.to_owned(),
            needs: Vec::new(),
            runs_on,
            labels: read.labels.clone(),
            retry: read.retry.clone(),
            concurrency: read.concurrency.clone(),
            plan: made.plan,
        };
        drafts.jobs.push(Draft { job, depends_on: read.depends_on.clone() });
    }
    drafts
}

impl Drafts {
    /// Which artifacts the steps of a cell keep and take, run or not.
    fn note_artifacts(&mut self, slots: &Slots<'_>) {
        for role in [Role::Clone, Role::Step] {
            for (_, step) in slots.steps(role) {
                self.keeps |= step.artifacts.is_some();
                for from in &step.artifacts_from {
                    if !self.takes.contains(&from.workflow) {
                        self.takes.push(from.workflow.clone());
                    }
                }
            }
        }
    }
}
