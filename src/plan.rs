//! `slipway plan`: what would run and why.

mod dot;
mod json;
mod notes;
mod text;

use std::io::IsTerminal;

use slipway_pipelines::{
    compile::{self, CompiledJob, LeftOut},
    include,
    parameter::Parameter,
    render,
    trigger::Trigger,
};

pub(crate) use text::headline;

use crate::{
    Exit,
    cli::Plan,
    pick,
    project::{self, Project},
};

/// All that there is to show.
pub(crate) struct Outline {
    pub(crate) trigger: Trigger,
    pub(crate) files: Vec<String>,
    pub(crate) jobs: Vec<CompiledJob>,
    pub(crate) left_out: Vec<LeftOut>,
    pub(crate) parameters: Vec<Parameter>,
}

/// Prints it on standard output; what is wrong with the files goes to standard error.
pub(crate) fn plan(args: &Plan) -> Exit {
    match outline(args) {
        Ok(Some(outline)) => {
            if args.json {
                println!("{:#}", json::json(&outline));
            } else if args.dot {
                print!("{}", dot::dot(&outline));
            } else {
                print!("{}", text::text(&outline, std::io::stdout().is_terminal()));
            }
            Exit::Success
        }
        Ok(None) => Exit::Usage,
        Err(message) => {
            eprintln!("error: {message}");
            Exit::Usage
        }
    }
}

/// `None` when the pipeline is wrong, which was said.
fn outline(args: &Plan) -> Result<Option<Outline>, String> {
    let project = Project::find(&args.files)?;
    let trigger = project::trigger(&project, &args.cause)?;
    let included = project.included(&args.elsewhere);
    let sources = include::sources(&project.files, &included);
    let context = project::context(&project, trigger.clone(), included, &args.cause.trust);
    // It is about what a server would do.
    let context = slipway_pipelines::context::Context { local: false, ..context };
    let compiled = compile::compile(&project.files, &context);
    eprint!("{}", render::render(&compiled.diagnostics, &sources, std::io::stderr().is_terminal()));
    if compiled.has_errors() {
        return Ok(None);
    }
    let jobs = pick::cells(compiled.jobs, &args.matrix)?;
    let files = project.files.iter().map(|file| file.path.clone()).collect();
    Ok(Some(Outline { trigger, files, jobs, left_out: compiled.left_out, parameters: compiled.parameters }))
}
