//! From the flags to the jobs.

use std::io::IsTerminal;

use slipway_pipelines::{
    compile::{self, CompiledJob},
    include, render,
    trigger::Trigger,
};
use slipway_runner::desk::Snapshot;

use super::{Trouble, secrets};
use crate::{
    Exit,
    cli::Run,
    pick::{self, Steps},
    project::{self, Project},
};

/// What is to be run, and for what.
pub(super) struct Ordered {
    pub(super) trigger: Trigger,
    /// `owner/name`
    pub(super) repository: String,
    /// Address of `origin`, without a credential.
    pub(super) origin: String,
    pub(super) jobs: Vec<CompiledJob>,
    pub(super) masked: Vec<String>,
    pub(super) files: Vec<String>,
}

/// Compiles the pipeline, takes of it what is wanted, and puts the secrets in. Without git the snapshot's commit is all there
/// is to name.
pub(super) fn order(args: &Run, project: &Project, snapshot: Option<&Snapshot>) -> Result<Ordered, Trouble> {
    let given = args.secret_file.as_deref().map(secrets::read).transpose().map_err(Trouble::Usage)?;
    let mut trigger = project::trigger(project, &args.cause).map_err(Trouble::Usage)?;
    if let Some(snapshot) = snapshot {
        trigger.sha.clone_from(&snapshot.sha);
    }
    let included = project.included(&args.elsewhere);
    let sources = include::sources(&project.files, &included);
    let context = project::context(project, trigger.clone(), included, &args.cause.trust);
    let compiled = compile::compile(&project.files, &context);
    eprint!("{}", render::render(&compiled.diagnostics, &sources, std::io::stderr().is_terminal()));
    if compiled.has_errors() {
        return Err(Trouble::Said(Exit::Usage));
    }
    let jobs = pick::cells(compiled.jobs, &args.matrix).map_err(Trouble::Usage)?;
    let mut jobs = pick::steps(jobs, &compiled.left_out, &wanted(args)).map_err(Trouble::Usage)?;
    if jobs.is_empty() {
        eprintln!("nothing to run:");
        for left in &compiled.left_out {
            eprintln!("  {}: {}", left.what, left.why);
        }
        return Err(Trouble::Said(Exit::Success));
    }
    let masked = secrets::reveal(&mut jobs, &given.unwrap_or_default()).map_err(Trouble::Usage)?;
    Ok(Ordered {
        repository: context.repository.name.to_string(),
        origin: context.repository.clone_url,
        trigger,
        jobs,
        masked,
        files: project.files.iter().map(|file| file.path.clone()).collect(),
    })
}

fn wanted(args: &Run) -> Steps {
    let only: Vec<String> = args.step.iter().chain(&args.steps).cloned().collect();
    match &args.from {
        Some(from) => Steps::From(from.clone()),
        None if only.is_empty() => Steps::All,
        None => Steps::Only(only),
    }
}
