//! The door of the compiler.

use std::collections::BTreeMap;

use super::{
    Compilation,
    file::{self, Drafts, Shared},
    link::link,
};
use crate::{
    compose::Compose,
    context::{Context, SourceFile},
    diagnostic::{Diagnostic, Severity},
    environment,
    filter::{Expressions, Globs},
    flavour::Flavour,
    include, parameter,
    report::{self, Report},
    substitute::Budget,
    yaml::Node,
};

/// Most files of a pipeline.
const MOST_FILES: usize = 100;

/// Compiles the pipeline files of one commit for one trigger. Never fails: what is wrong with the files is in
/// [`Compilation::diagnostics`], all of it at once.
pub fn compile(files: &[SourceFile], context: &Context) -> Compilation {
    if files.is_empty() {
        let help = "add `.slipway.yml` or `.woodpecker.yml`";
        return failed("the commit has no pipeline".to_owned(), help);
    }
    if files.len() > MOST_FILES {
        let help = "merge some of them, with a `matrix` where they are alike";
        return failed(format!("the pipeline has {} files, and {MOST_FILES} is the most", files.len()), help);
    }
    let mut sorted: Vec<&SourceFile> = files.iter().collect();
    sorted.sort_by(|a, b| a.path.cmp(&b.path));
    let mut reports: Vec<Report> = sorted.iter().map(|file| Report::new(&file.path)).collect();
    let read = |(file, report): (&&SourceFile, &mut Report)| {
        include::merged(file, &context.included, Flavour::of(&file.path), report)
    };
    let roots: Vec<Option<Node>> = sorted.iter().zip(&mut reports).map(read).collect();
    let paths: Vec<&str> = sorted.iter().map(|file| file.path.as_str()).collect();
    let parameters = parameter::unite(&paths, &roots, context.trigger.given(), &mut reports);
    let values = parameter::values(&parameters, context.trigger.given().unwrap_or(&BTreeMap::new()));
    let build = environment::of_build(context);
    let shared = Shared {
        context,
        repository: context.repository.name.to_string(),
        values: values.all(),
        parameters: values,
        drone: environment::of_plugins(&build, context),
        build,
        budget: Budget::default(),
        globs: Globs::default(),
        expressions: Expressions::default(),
    };
    let mut heavy = 0;
    let mut drafts = Vec::new();
    let composed = |((path, root), report): ((&&str, &Option<Node>), &mut Report)| {
        root.as_ref().and_then(|root| Compose::read(root, &context.included, Flavour::of(path), report))
    };
    let composes: Vec<Option<Compose>> = paths.iter().zip(&roots).zip(&mut reports).map(composed).collect();
    for (((path, root), compose), report) in paths.iter().zip(&roots).zip(&composes).zip(&mut reports) {
        let compiled = match root {
            Some(root) => file::compile(path, root, compose.as_ref(), &shared, heavy, report),
            None => Drafts::default(),
        };
        heavy += compiled.weight;
        drafts.push(compiled);
    }
    let (mut jobs, mut left_out) = link(&paths, drafts, &mut reports);
    let diagnostics = report::together(reports);
    if diagnostics.iter().any(Diagnostic::is_error) {
        jobs.clear();
        left_out.clear();
    }
    for (place, job) in jobs.iter_mut().enumerate() {
        job.plan.place = place;
    }
    Compilation { jobs, left_out, parameters, diagnostics }
}

fn failed(message: String, help: &str) -> Compilation {
    let diagnostic =
        Diagnostic { severity: Severity::Error, message, file: String::new(), span: None, help: Some(help.to_owned()) };
    Compilation { diagnostics: vec![diagnostic], ..Compilation::default() }
}
