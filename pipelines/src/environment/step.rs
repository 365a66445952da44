//! One step.

use super::drone;
use crate::{
    context::Context,
    plan::Environment,
    syntax::{Role, Step},
};

/// The environment of a container, except for its place in the build. Clones and plugins get nothing from matrix and parameters, so
/// that those cannot steer programs that know nothing of them; what the pipeline's `environment` says goes over everything.
pub(crate) fn of_step(step: &Step, role: Role, context: &Context) -> Environment {
    let is_plugin = step.is_plugin() && role != Role::Service;
    let mut environment = Environment::new();
    if !step.commands.is_empty() {
        environment.insert("SHELL".to_owned(), "/bin/sh".to_owned());
    }
    if is_plugin {
        drone::add(&mut environment, context);
    }
    environment.extend(step.settings.iter().cloned());
    environment.extend(step.environment.iter().flatten().map(|(name, value)| (name.value.clone(), value.clone())));
    environment
}
