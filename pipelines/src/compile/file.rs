//! One file -> the jobs of its matrix cells.

use super::{
    CompiledJob, LeftOut,
    job::{Cellwise, plan},
    weight,
};
use crate::{
    context::Context,
    filter::{Facts, Globs, Verdict},
    flavour::{Flavour, workflow_name},
    matrix,
    parameter::Values,
    plan::Environment,
    report::Report,
    substitute::{Budget, Variables},
    syntax::{Need, Reader},
    yaml::Node,
};

/// What all files of a build are compiled with.
pub(super) struct Shared<'a> {
    pub(super) context: &'a Context,
    pub(super) repository: String,
    pub(super) parameters: Values,
    /// [`crate::environment::of_build`].
    pub(super) build: Environment,
    pub(super) budget: Budget,
    pub(super) globs: Globs,
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
    /// What the file as a whole depends on, for cycles; of its first cell.
    pub(super) depends_on: Vec<Need>,
}

/// Compiles a file. Mistakes are in the report.
/// `weight` is that of the files before, as [`weight::of`] counts.
pub(super) fn compile(path: &str, root: &Node, shared: &Shared<'_>, mut weight: usize, report: &mut Report) -> Drafts {
    let mut drafts = Drafts::default();
    let flavour = Flavour::of(path);
    let workflow = workflow_name(path);
    let cells = matrix::cells(root, flavour, report);
    // A broken matrix does not hide the other mistakes.
    let cells = if cells.is_empty() { vec![matrix::Cell::new()] } else { cells };
    for cell in &cells {
        let mut variables = Variables::new(&shared.budget);
        variables.add_untrusted(shared.parameters.given.clone());
        variables.add_trusted(shared.parameters.own.clone());
        variables.add_untrusted(shared.build.clone());
        variables.add_untrusted([("CI_WORKFLOW_NAME".to_owned(), workflow.to_owned())]);
        variables.add_trusted(cell.clone());
        let trusted = shared.context.repository.trusted;
        let mut reader = Reader { report, flavour, trusted, variables: &variables, globs: &shared.globs };
        let Some(read) = reader.workflow(root) else { break };
        let name = format!("{workflow}{}", matrix::suffix(cell));
        let platform = read.labels.get("platform").map(String::as_str);
        let facts = Facts::of(shared.context, &shared.repository, platform);
        if drafts.depends_on.is_empty() {
            drafts.depends_on = read.depends_on.clone();
        }
        if read.when.conditions.iter().any(|condition| !condition.matrix.is_empty()) {
            report
                .warning(root.key_span("when"), "`matrix` has no effect in the `when` of a workflow")
                .help("filter the steps, or leave the cell out of the matrix");
        }
        let runs_on = match read.when.verdict(&facts) {
            Verdict::Runs(runs_on) => read.runs_on.unwrap_or(runs_on),
            Verdict::LeftOut(why) => {
                drafts.left_out.push(LeftOut { what: format!("workflow `{name}`"), why });
                // The steps are looked at all the same: a mistake is one whatever the trigger.
                let clones = match &read.clone {
                    crate::syntax::Clone::Custom(steps) => steps.as_slice(),
                    crate::syntax::Clone::BuiltIn { .. } | crate::syntax::Clone::Skip => &[],
                };
                super::order::check(clones, &read.services, &read.steps, None, report);
                continue;
            }
        };
        let with = Cellwise {
            name: &name,
            workflow,
            cell,
            flavour,
            facts,
            context: shared.context,
            parameters: &shared.parameters,
            build: &shared.build,
            variables: &variables,
        };
        let plan = plan(&read, &with, &mut drafts.left_out, report);
        if report.has_errors() {
            // The next cell would say the same again.
            break;
        }
        if let Some(plan) = plan {
            weight += weight::of(&plan);
            if weight > weight::MOST {
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
                labels: read.labels,
                retry: None,
                concurrency: None,
                plan,
            };
            drafts.jobs.push(Draft { job, depends_on: read.depends_on });
        }
    }
    drafts
}
