//! Plans and grants.

use std::sync::Arc;

use slipway_pipelines::{
    ids::JobId,
    lease::Claim,
    plan::{
        Action as Does, Container, Environment, Image, ImageBuild, OnFailure, Plan, Program, Pull, Ready, ReadyCheck,
        Retry, RetryOn, RunsOn, Step, Workspace,
    },
    wire::{Grant, Source},
};
use uuid::Uuid;

pub(crate) fn step(name: &str, needs: &[usize]) -> Step {
    let image = Image::Registry { reference: "dummy".into(), pull: Pull::Missing };
    let container = Container::new(image, Program::Commands { commands: vec![] }, "/slipway");
    Step { needs: needs.to_vec(), sees_values: true, ..Step::new(name, Does::Run(container)) }
}

pub(crate) fn checkout() -> Step {
    Step { action: Does::Checkout, ..step("clone", &[]) }
}

pub(crate) fn detached(name: &str, needs: &[usize], service: bool) -> Step {
    let step = step(name, needs);
    let container = step.container().unwrap().clone();
    let action = if service { Does::Service(container) } else { Does::Detach(container) };
    Step { action, on_failure: OnFailure::Start, ..step }
}

pub(crate) fn built(name: &str, needs: &[usize], tags: &[&str]) -> Step {
    let step = step(name, needs);
    let image = Image::Build(ImageBuild {
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        ..ImageBuild::new("/slipway")
    });
    let container = Container { image, program: Program::Nothing, ..step.container().unwrap().clone() };
    Step { action: Does::Run(container), ..step }
}

pub(crate) fn uses(reference: &str, step: Step) -> Step {
    let image = Image::Registry { reference: reference.into(), pull: Pull::Missing };
    let container = Container { image, ..step.container().unwrap().clone() };
    Step { action: Does::Run(container), ..step }
}

pub(crate) fn on(success: bool, failure: bool, step: Step) -> Step {
    Step { runs_on: RunsOn { success, failure }, ..step }
}

/// The step with so many retries of these ends.
pub(crate) fn retried(max: u32, on: &[RetryOn], delay_seconds: u64, step: Step) -> Step {
    Step { retry: Some(Retry { max, on: on.to_vec(), delay_seconds }), ..step }
}

/// The service with a port to wait for.
pub(crate) fn ready(timeout_seconds: u64, mut step: Step) -> Step {
    if let Does::Service(container) = &mut step.action {
        container.ready = Some(Ready { check: ReadyCheck::Port { port: 5432 }, timeout_seconds });
    }
    step
}

pub(crate) fn plan(steps: Vec<Step>) -> Arc<Plan> {
    let workspace = Workspace { base: "/slipway".into(), path: "/slipway/src".into() };
    Arc::new(Plan { timeout_seconds: 60, ..Plan::new("test", workspace, steps) })
}

/// The step with one more variable.
pub(crate) fn with(name: &str, value: &str, mut step: Step) -> Step {
    step.environment.insert(name.to_owned(), value.to_owned());
    step
}

/// The step with these commands.
pub(crate) fn commands(lines: &[&str], mut step: Step) -> Step {
    let (Does::Run(container) | Does::Detach(container) | Does::Service(container)) = &mut step.action else {
        return step;
    };
    container.program = Program::Commands { commands: lines.iter().map(|line| (*line).to_owned()).collect() };
    step
}

pub(crate) fn claim(job: u128) -> Claim {
    Claim { job: JobId(Uuid::from_u128(job)), attempt: 1, epoch: 1 }
}

pub(crate) fn grant(job: u128, steps: Vec<Step>) -> Grant {
    Grant {
        claim: claim(job),
        title: "me/thing #1 test".into(),
        plan: Plan::clone(&plan(steps)),
        source: Source {
            repository: "me/thing".into(),
            url: "/git/me/thing.git".into(),
            path: None,
            reference: "refs/heads/main".into(),
            sha: "0".repeat(40),
            origin: "http://server/git/me/thing.git".into(),
        },
        masked: vec!["hunter2".into()],
        registries: Vec::new(),
        inputs: Environment::new(),
        kept: None,
    }
}
