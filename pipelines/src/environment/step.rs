//! One step.

use std::collections::BTreeMap;

use crate::{
    plan::{Environment, SecretPart},
    syntax::{Role, Step, Told},
};

/// What only one step is told.
#[derive(Debug, Default)]
pub(crate) struct Own {
    /// Values.
    pub(crate) environment: Environment,
    /// Values with secrets in them; no name is in both.
    pub(crate) secrets: BTreeMap<String, Vec<SecretPart>>,
}

/// The environment of a container, except for its place in the build. Plugins get Drone's names, too; what the pipeline's
/// `environment` says goes over everything.
pub(crate) fn of_step(step: &Step, role: Role, drone: &Environment) -> Own {
    let mut own = Own::default();
    if !step.commands.is_empty() {
        own.environment.insert("SHELL".to_owned(), "/bin/sh".to_owned());
    }
    if step.is_plugin() && role != Role::Service {
        own.environment.clone_from(drone);
    }
    for (name, value) in &step.settings {
        own.add(name, value);
    }
    for (name, value) in step.environment.iter().flatten() {
        own.add(&name.value, value);
    }
    own
}

impl Own {
    fn add(&mut self, name: &str, value: &Told) {
        match value {
            Told::Text(text) => {
                self.secrets.remove(name);
                self.environment.insert(name.to_owned(), text.clone());
            }
            Told::Parts(parts) => {
                self.environment.remove(name);
                self.secrets.insert(name.to_owned(), parts.clone());
            }
        }
    }
}
