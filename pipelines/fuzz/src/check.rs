//! Compiles, and looks whether what must always hold does.

use std::{collections::BTreeSet, io};

use slipway_pipelines::{
    compile::{Compilation, compile},
    include::{missing, sources},
    parameter::definitions,
    plan::Plan,
    render::render,
};

use crate::World;

/// Panics where something does not hold.
pub fn check(world: &World) {
    let World { files, context } = world;
    missing(files, &context.included);
    definitions(files, &context.included);
    let done = compile(files, context);
    assert!(!done.has_errors() || done.jobs.is_empty());
    jobs(&done);
    findings(&done);
    let shown = sources(files, &context.included);
    let text = render(&done.diagnostics, &shown, false);
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "a control character is shown");
    render(&done.diagnostics, &shown, true);
    // To nowhere, for it is the text of the plans once more.
    serde_json::to_writer(io::sink(), &done).expect("a compilation is JSON");
}

fn jobs(done: &Compilation) {
    let mut names = BTreeSet::new();
    for job in &done.jobs {
        assert!(names.insert(&job.name), "two jobs have one name");
        plan(&job.plan);
    }
    assert!(is_acyclic(&done.jobs.iter().map(|job| job.needs.as_slice()).collect::<Vec<_>>()));
}

fn plan(plan: &Plan) {
    assert!(plan.steps.len() <= 100);
    assert!(is_acyclic(&plan.steps.iter().map(|step| step.needs.as_slice()).collect::<Vec<_>>()));
    let is_sound = |name: &String, value: &String| !name.contains(['=', '\0']) && !value.contains('\0');
    assert!(plan.environment.iter().all(|(name, value)| is_sound(name, value)));
    assert!(plan.values.iter().all(|(name, value)| is_sound(name, value)));
    for step in &plan.steps {
        assert!(step.environment.iter().all(|(name, value)| is_sound(name, value)));
        assert!(step.secrets.keys().all(|name| !step.environment.contains_key(name)), "a secret has a value");
        assert!(step.secrets.keys().all(|name| !name.contains(['=', '\0'])));
    }
}

fn findings(done: &Compilation) {
    for found in &done.diagnostics {
        assert!(!found.message.is_empty());
        if let Some(span) = found.span {
            assert!(span.start <= span.end && span.line > 0 && span.column > 0, "{found:?}");
        }
    }
}

fn is_acyclic(needs: &[&[usize]]) -> bool {
    let mut done = vec![false; needs.len()];
    loop {
        let next: Vec<usize> =
            (0..needs.len()).filter(|at| !done[*at] && needs[*at].iter().all(|need| done[*need])).collect();
        if next.is_empty() {
            return done.iter().all(|done| *done);
        }
        next.into_iter().for_each(|at| done[at] = true);
    }
}
