//! One step.

use std::collections::BTreeMap;

use super::drone;
use crate::{
    context::Context,
    plan::Environment,
    syntax::{Role, Step},
    trigger::Cause,
};

/// What is around a step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Surroundings<'a> {
    pub(crate) context: &'a Context,
    /// [`super::of_build`].
    pub(crate) build: &'a Environment,
    /// The cell.
    pub(crate) matrix: &'a BTreeMap<String, String>,
    pub(crate) workflow: &'a str,
    /// Absolute path of the checkout.
    pub(crate) workspace: &'a str,
    /// The label `platform`, if there is one.
    pub(crate) platform: Option<&'a str>,
}

/// The environment of a container, except for its place in the build. Clones and plugins get nothing from matrix and parameters, so
/// that those cannot steer programs that know nothing of them; what the pipeline's `environment` says goes over everything.
pub(crate) fn of_step(step: &Step, role: Role, around: &Surroundings<'_>) -> Environment {
    let is_plugin = step.is_plugin() && role != Role::Service;
    let mut environment = Environment::new();
    if !is_plugin && role != Role::Clone {
        environment.extend(parameters(around.context));
        environment.extend(around.matrix.clone());
    }
    environment.extend(around.build.clone());
    let mut add = |name: &str, value: &str| environment.insert(name.to_owned(), value.to_owned());
    add("CI_WORKFLOW_NAME", around.workflow);
    add("CI_WORKSPACE", around.workspace);
    add("CI_STEP_NAME", &step.name.value);
    if let Some(platform) = around.platform {
        add("CI_SYSTEM_PLATFORM", platform);
    }
    if !step.commands.is_empty() {
        add("SHELL", "/bin/sh");
    }
    if is_plugin {
        drone::add(&mut environment, around.context);
    }
    environment.extend(step.settings.iter().cloned());
    environment.extend(step.environment.iter().flatten().map(|(name, value)| (name.value.clone(), value.clone())));
    environment
}

/// The parameters of a manual build that a step may see.
pub(crate) fn parameters(context: &Context) -> Environment {
    match &context.trigger.cause {
        Cause::Manual { parameters, .. } => parameters
            .iter()
            .filter(|(name, _)| !name.is_empty() && !name.contains(['=', '\0']) && !super::is_reserved(name))
            .map(|(name, value)| (name.clone(), super::value::fitting(value)))
            .collect(),
        _ => Environment::new(),
    }
}
