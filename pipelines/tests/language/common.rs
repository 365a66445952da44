//! A build to compile for, and short ways to look at what comes out.

use slipway_pipelines::{
    compile::{Compilation, CompiledJob, compile},
    context::{Build, Context, Repository, SourceFile, System, Trusted},
    plan::{Container, Environment, Plan, Step},
    trigger::{Cause, Person, Trigger},
};

/// A push to `main` of `me/thing`.
pub(crate) fn push() -> Context {
    Context {
        repository: Repository {
            name: "me/thing".parse().unwrap(),
            remote_id: "7".into(),
            url: "http://forge.example/me/thing".into(),
            clone_url: "http://forge.example/me/thing.git".into(),
            clone_ssh_url: String::new(),
            default_branch: "main".into(),
            private: false,
            forge: "gitea".into(),
            forge_url: "http://forge.example:3000".into(),
            trusted: Trusted::default(),
        },
        trigger: Trigger {
            cause: Cause::Push { branch: "main".into(), before: None },
            reference: "refs/heads/main".into(),
            sha: "0123456789abcdef0123456789abcdef01234567".into(),
            message: "Fix the roof".into(),
            author: Person { name: "Ann".into(), email: "ann@example.com".into() },
            sender: "ann".into(),
            timestamp: 1_700_000_000,
            url: None,
            changed_files: None,
        },
        build: Build {
            number: 3,
            parent: 0,
            created: 1_700_000_001_500,
            url: "http://ci/repos/me/thing/builds/3".into(),
            reruns: 0,
        },
        previous: None,
        system: System { name: "slipway".into(), url: "http://ci".into(), host: "ci".into(), version: "0.1.0".into() },
        secrets: None,
        included: Default::default(),
        local: false,
    }
}

/// The same with another cause.
pub(crate) fn because(cause: Cause) -> Context {
    let mut context = push();
    context.trigger.cause = cause;
    context
}

pub(crate) fn tag(tag: &str) -> Context {
    let mut context = because(Cause::Tag { tag: tag.into() });
    context.trigger.reference = format!("refs/tags/{tag}");
    context
}

pub(crate) fn file(path: &str, text: &str) -> SourceFile {
    SourceFile { path: path.into(), bytes: text.as_bytes().to_vec() }
}

/// `.slipway.yml` for a push.
pub(crate) fn compiled(text: &str) -> Compilation {
    compile(&[file(".slipway.yml", text)], &push())
}

/// The one job of `.slipway.yml` for a push, which must have no findings.
pub(crate) fn job(text: &str) -> CompiledJob {
    job_for(text, &push())
}

pub(crate) fn job_for(text: &str, context: &Context) -> CompiledJob {
    let done = compile(&[file(".slipway.yml", text)], context);
    assert_eq!(done.diagnostics, [], "{text}");
    assert_eq!(done.jobs.len(), 1, "{:?}", done.left_out);
    done.jobs.into_iter().next().unwrap()
}

/// The messages of the errors.
pub(crate) fn errors(done: &Compilation) -> Vec<&str> {
    assert_eq!(done.has_errors(), done.diagnostics.iter().any(|found| found.is_error()));
    assert!(!done.has_errors() || done.jobs.is_empty());
    done.diagnostics.iter().filter(|found| found.is_error()).map(|found| found.message.as_str()).collect()
}

/// `name <- needs` of every step.
pub(crate) fn graph(plan: &Plan) -> Vec<String> {
    let name = |at: &usize| plan.steps[*at].name.clone();
    plan.steps
        .iter()
        .map(|step| format!("{} <- {}", step.name, step.needs.iter().map(name).collect::<Vec<_>>().join(" ")))
        .map(|line| line.trim_end().to_owned())
        .collect()
}

pub(crate) fn step<'p>(plan: &'p Plan, name: &str) -> &'p Step {
    plan.steps.iter().find(|step| step.name == name).unwrap()
}

pub(crate) fn container<'p>(plan: &'p Plan, name: &str) -> &'p Container {
    step(plan, name).container().unwrap()
}

/// Everything that a step is told.
pub(crate) fn told(plan: &Plan, name: &str) -> Environment {
    let position = plan.steps.iter().position(|step| step.name == name).unwrap();
    plan.environment_of(position)
}

/// Whether the pipeline of one file is refused with this one message, at this line and column, with this in its help.
#[track_caller]
pub(crate) fn refused(text: &str, context: &Context, message: &str, place: (usize, usize), help: &str) {
    let done = compile(&[file(".slipway.yml", text)], context);
    assert_eq!(errors(&done), [message], "{text}");
    let found = done.diagnostics.iter().find(|found| found.is_error()).unwrap();
    let span = found.span.unwrap();
    assert_eq!((span.line, span.column), place, "{text}: {message}");
    let said = found.help.as_deref().unwrap_or_default();
    assert!(said.contains(help) && said.is_empty() == help.is_empty(), "{text}: {said}");
}

/// A step `a` with one key more, at column 7 of line 3.
pub(crate) fn with(key: &str) -> String {
    format!("steps:\n  a: {{image: x, commands: [y],\n      {key}}}\n")
}
