//! Single steps.

use std::{collections::BTreeSet, sync::Arc};

use slipway_pipelines::{
    compile::{CompiledJob, LeftOut},
    plan::{Action, Plan, RunsOn},
    suggest::did_you_mean,
};

use super::reduce::{reduced, with_dependents, with_needs};

/// Which steps are wanted, by `STEP` or `WORKFLOW/STEP`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Steps {
    All,
    Only(Vec<String>),
    From(String),
}

/// The jobs with what is wanted of them; checkout and services stay with it. Names that do not fit are told with what could
/// be meant, or why the step is left out.
pub(crate) fn steps(jobs: Vec<CompiledJob>, left_out: &[LeftOut], wanted: &Steps) -> Result<Vec<CompiledJob>, String> {
    let names: &[String] = match wanted {
        Steps::All => return Ok(jobs),
        Steps::Only(names) => names,
        Steps::From(name) => std::slice::from_ref(name),
    };
    for name in names {
        if !jobs.iter().any(|job| !named(job, name).is_empty()) {
            return Err(unknown(name, &jobs, left_out));
        }
    }
    let chosen: Vec<BTreeSet<usize>> =
        jobs.iter().map(|job| names.iter().flat_map(|name| named(job, name)).collect()).collect();
    let has_some: Vec<bool> = chosen.iter().map(|chosen| !chosen.is_empty()).collect();
    let needs: Vec<Vec<usize>> = jobs.iter().map(|job| job.needs.clone()).collect();
    let is_kept = match wanted {
        Steps::From(_) => with_dependents(&needs, &has_some),
        Steps::All | Steps::Only(_) => has_some.clone(),
    };
    let jobs = jobs.into_iter().zip(&chosen).map(|(mut job, chosen)| {
        if !chosen.is_empty() {
            // Asked for by its name, a job runs.
            job.runs_on = RunsOn { success: true, failure: job.runs_on.failure };
            part(&mut job.plan, chosen, matches!(wanted, Steps::From(_)));
        }
        job
    });
    Ok(super::keep(jobs.collect(), &is_kept))
}

/// Positions of the steps that a name means in a job.
fn named(job: &CompiledJob, name: &str) -> Vec<usize> {
    let of_job = name.strip_prefix(&job.workflow).or_else(|| name.strip_prefix(&job.name));
    let inside = of_job.and_then(|rest| rest.strip_prefix('/'));
    let is_meant = |step: &str| step == name || Some(step) == inside;
    job.plan.steps.iter().enumerate().filter(|(_, step)| is_meant(&step.name)).map(|(position, _)| position).collect()
}

fn unknown(name: &str, jobs: &[CompiledJob], left_out: &[LeftOut]) -> String {
    let bare = name.rsplit('/').next().unwrap_or(name);
    let is_it = |left: &&LeftOut| left.what.contains(&format!("`{bare}`"));
    if let Some(left) = left_out.iter().find(is_it) {
        return format!("{} is left out: {}", left.what, left.why);
    }
    let steps: BTreeSet<&str> = jobs.iter().flat_map(|job| &job.plan.steps).map(|step| step.name.as_str()).collect();
    let help = did_you_mean(bare, steps.iter().copied()).unwrap_or_else(|| {
        let words: Vec<String> = steps.iter().take(20).map(|step| format!("`{step}`")).collect();
        format!("there are {}", words.join(", "))
    });
    format!("there is no step `{name}`: {help}")
}

/// Leaves of a plan what was chosen, what comes after it where that is wanted, and what these cannot do without.
fn part(plan: &mut Plan, chosen: &BTreeSet<usize>, and_after: bool) {
    let needs: Vec<Vec<usize>> = plan.steps.iter().map(|step| step.needs.clone()).collect();
    let mut wanted: Vec<bool> = (0..needs.len()).map(|step| chosen.contains(&step)).collect();
    if and_after {
        wanted = with_dependents(&needs, &wanted);
    }
    let wanted_ones = || wanted.iter().enumerate().filter(|(_, wanted)| **wanted).map(|(step, _)| step);
    let needed = with_needs(&needs, wanted_ones());
    let services: Vec<usize> =
        (0..needs.len()).filter(|step| matches!(plan.steps[*step].action, Action::Service(_))).collect();
    let under_services = with_needs(&needs, services.iter().copied());
    let is_kept: Vec<bool> = plan
        .steps
        .iter()
        .enumerate()
        .map(|(position, step)| match &step.action {
            Action::Checkout | Action::Service(_) => true,
            // What runs beside the others is there for them.
            Action::Detach(_) => wanted[position] || needed[position],
            // A service needs nothing but the checkout, which may be steps of its own.
            Action::Run(_) => wanted[position] || under_services[position] || step.name == "clone",
        })
        .collect();
    let moved = reduced(&needs, &is_kept);
    let mut steps = Vec::new();
    for (position, mut step) in std::mem::take(&mut plan.steps).into_iter().enumerate() {
        if !is_kept[position] {
            continue;
        }
        let runs_on = if chosen.contains(&position) {
            RunsOn { success: true, failure: step.runs_on.failure }
        } else {
            step.runs_on
        };
        if step.needs != moved[position] || step.runs_on != runs_on {
            let step = Arc::make_mut(&mut step);
            step.needs.clone_from(&moved[position]);
            step.runs_on = runs_on;
        }
        steps.push(step);
    }
    plan.steps = steps;
}

#[cfg(test)]
mod tests {
    use slipway_pipelines::{compile::compile, context::SourceFile};

    use super::*;
    use crate::{pick::cells, project};

    fn jobs(files: &[(&str, &str)]) -> (Vec<CompiledJob>, Vec<LeftOut>) {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            std::fs::write(folder.path().join(path), text).unwrap();
        }
        let paths: Vec<_> = files.iter().map(|(path, _)| folder.path().join(path)).collect();
        let mut project = project::Project::find(&paths).unwrap();
        project.files = files
            .iter()
            .map(|(path, text)| SourceFile { path: format!(".slipway/{path}"), bytes: text.as_bytes().to_vec() })
            .collect();
        let trigger = project::trigger(&project, &crate::cli::Cause::default()).unwrap();
        let context = project::context(&project, trigger, Default::default(), &[]);
        let compiled = compile(&project.files, &context);
        assert!(!compiled.has_errors(), "{:?}", compiled.diagnostics);
        (compiled.jobs, compiled.left_out)
    }

    const BUILD: &str = "
services: [{name: db, image: x}]
steps:
- {name: make, image: x, commands: [a]}
- {name: test, image: x, commands: [a]}
- {name: tell, image: x, commands: [a], when: [{status: [failure]}]}
- {name: tagged, image: x, commands: [a], when: [{event: tag}]}
";
    const DEPLOY: &str = "
depends_on: [build]
matrix: {TO: [a, b]}
steps: [{name: ship, image: x, commands: [a]}]
";

    /// `job: step<-needs …`
    fn outline(jobs: &[CompiledJob]) -> Vec<String> {
        let of = |job: &CompiledJob| {
            let steps: Vec<String> =
                job.plan.steps.iter().map(|step| format!("{}{:?}", step.name, step.needs)).collect();
            format!("{}{:?}: {}", job.name, job.needs, steps.join(" "))
        };
        jobs.iter().map(of).collect()
    }

    fn pick(wanted: &Steps) -> Result<Vec<String>, String> {
        let (jobs, left_out) = jobs(&[("build.yml", BUILD), ("deploy.yml", DEPLOY)]);
        steps(jobs, &left_out, wanted).map(|jobs| outline(&jobs))
    }

    #[test]
    fn one_step_comes_with_checkout_and_services() {
        let only = |name: &str| Steps::Only(vec![name.into()]);
        assert_eq!(pick(&only("test")).unwrap(), ["build[]: clone[] db[0] test[0, 1]"]);
        assert_eq!(pick(&only("build/test")).unwrap(), pick(&only("test")).unwrap());
        assert_eq!(pick(&only("tell")).unwrap(), ["build[]: clone[] db[0] tell[0, 1]"]);
        let several = Steps::Only(vec!["ship".into(), "make".into()]);
        assert_eq!(pick(&several).unwrap().len(), 3);
    }

    #[test]
    fn from_a_step_on_its_dependents_run_too() {
        let from = pick(&Steps::From("test".into())).unwrap();
        assert_eq!(
            from,
            [
                "build[]: clone[] db[0] test[0, 1] tell[2]",
                "deploy (TO=a)[0]: clone[] ship[0]",
                "deploy (TO=b)[0]: clone[] ship[0]"
            ]
        );
    }

    #[test]
    fn a_wrong_name_says_what_is_there() {
        let wrong = |name: &str| pick(&Steps::From(name.into())).unwrap_err();
        assert!(wrong("tset").contains("did you mean `test`"), "{}", wrong("tset"));
        assert!(wrong("zzz").contains("`make`"), "{}", wrong("zzz"));
        assert!(wrong("tagged").contains("event `tag`"), "{}", wrong("tagged"));
        assert!(wrong("deploy/test").contains("no step"), "{}", wrong("deploy/test"));
    }

    #[test]
    fn cells_are_picked_by_value() {
        let (jobs, _) = jobs(&[("build.yml", BUILD), ("deploy.yml", DEPLOY)]);
        let pair = |axis: &str, value: &str| vec![(axis.to_owned(), value.to_owned())];
        let kept = cells(jobs.clone(), &pair("TO", "b")).unwrap();
        assert_eq!(outline(&kept).len(), 2);
        assert!(outline(&kept)[1].starts_with("deploy (TO=b)[0]"));
        assert!(cells(jobs.clone(), &pair("TO", "c")).unwrap_err().contains("`a`, `b`"));
        assert!(cells(jobs, &pair("OT", "c")).unwrap_err().contains("no matrix has the axis `OT`"));
    }
}
