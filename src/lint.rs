//! `slipway lint`: what the compiler says about pipeline files, without a server.

mod causes;
mod format;

use std::io::IsTerminal;

use slipway_pipelines::{
    compile,
    context::Context,
    diagnostic::{Diagnostic, Severity},
    include,
    parameter::Parameter,
    render,
};

use crate::{
    Exit,
    cli::{Format, Lint},
    project::{self, Project},
};

/// Checks the files. As text the findings go to standard error, in a form for programs to standard output.
pub(crate) fn lint(args: &Lint) -> Exit {
    let project = match Project::find(&args.files) {
        Ok(project) => project,
        Err(message) => {
            eprintln!("error: {message}");
            return Exit::Usage;
        }
    };
    let included = project.included(&args.elsewhere);
    let mut diagnostics: Vec<Diagnostic> = Vec::new();
    let mut parameters = Vec::new();
    let mut check = |trigger, parameters: &mut Vec<Parameter>| {
        let context = Context { local: false, ..project::context(&project, trigger, included.clone(), &[]) };
        let compiled = compile::compile(&project.files, &context);
        *parameters = compiled.parameters;
        for diagnostic in compiled.diagnostics.into_iter().map(forgiven) {
            if !diagnostics.contains(&diagnostic) {
                diagnostics.push(diagnostic);
            }
        }
    };
    // A file that `when` leaves out for one trigger is looked at for another.
    for trigger in causes::triggers(&project) {
        check(trigger, &mut parameters);
    }
    let manual = causes::manual(&parameters);
    check(manual, &mut parameters);
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    match args.format {
        Format::Text => {
            let sources = include::sources(&project.files, &included);
            eprint!("{}", render::render(&diagnostics, &sources, std::io::stderr().is_terminal()));
            let (files, warnings) = (project.files.len(), diagnostics.len() - errors);
            println!("{} checked: {}, {}", count(files, "file"), count(errors, "error"), count(warnings, "warning"));
        }
        Format::Json => println!("{:#}", format::json(&diagnostics, &include::sources(&project.files, &included))),
        Format::Github => print!("{}", format::github(&diagnostics)),
    }
    if errors == 0 { Exit::Success } else { Exit::Usage }
}

/// A file of another repository is not missing, it is only not here.
fn forgiven(diagnostic: Diagnostic) -> Diagnostic {
    if project::is_not_looked_at(&diagnostic.message) {
        return Diagnostic { severity: Severity::Warning, ..diagnostic };
    }
    diagnostic
}

fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
