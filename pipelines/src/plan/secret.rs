//! Secrets in a plan: by name until a runner gets it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use super::{Action, BuildSecret, Image, ImageBuild, Plan, Step};

/// A part of a variable's value.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretPart {
    /// As it is.
    Text(String),
    /// The value of the secret of this name.
    Secret(String),
    /// The same as a JSON string, with its quotes: inside a setting that is a map.
    Json(String),
}

/// A plan asks for a secret that is not there.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the secret `{name}`, which step `{step}` asks for, is not there any more")]
pub struct MissingSecret {
    /// Of the secret.
    pub name: String,
    /// Of the step.
    pub step: String,
}

impl Plan {
    /// Names of all secrets that the plan asks for.
    pub fn secret_names(&self) -> BTreeSet<&str> {
        self.steps.iter().flat_map(|step| step.secret_names()).collect()
    }

    /// Puts the values of secrets, by name, into the environment and the builds of the steps that ask for them. The plan must
    /// not be stored any more after that.
    pub fn reveal(&mut self, secrets: &BTreeMap<String, String>) -> Result<(), MissingSecret> {
        let asks =
            |step: &Step| !step.secrets.is_empty() || step.build().is_some_and(|build| !build.secrets.is_empty());
        for step in self.steps.iter_mut().filter(|step| asks(step)) {
            let step = Arc::make_mut(step);
            let of_step = step.name.clone();
            let value_of = |name: &str| {
                let value = secrets.get(name);
                value.ok_or_else(|| MissingSecret { name: name.to_owned(), step: of_step.clone() })
            };
            for secret in step.build_mut().into_iter().flat_map(|build| build.secrets.values_mut()) {
                if let Some(name) = secret.name() {
                    *secret = BuildSecret::Value(value_of(name)?.clone());
                }
            }
            for (variable, parts) in std::mem::take(&mut step.secrets) {
                let mut value = String::new();
                for part in &parts {
                    let secret = match part.name() {
                        Some(name) => value_of(name)?,
                        None => "",
                    };
                    match part {
                        SecretPart::Text(text) => value.push_str(text),
                        SecretPart::Secret(_) => value.push_str(secret),
                        SecretPart::Json(_) => value.push_str(&serde_json::Value::from(secret).to_string()),
                    }
                }
                step.environment.insert(variable, value);
            }
        }
        Ok(())
    }
}

impl Step {
    /// Names of the secrets that it asks for, some of them more than once.
    pub fn secret_names(&self) -> impl Iterator<Item = &str> {
        let parts = self.secrets.values().flatten().filter_map(SecretPart::name);
        let mounted = self.build().into_iter().flat_map(|build| build.secrets.values());
        parts.chain(mounted.filter_map(BuildSecret::name))
    }

    /// Its `build:` section.
    pub fn build(&self) -> Option<&ImageBuild> {
        match &self.container()?.image {
            Image::Build(build) => Some(build),
            Image::Registry { .. } | Image::Load { .. } => None,
        }
    }

    fn build_mut(&mut self) -> Option<&mut ImageBuild> {
        match &mut self.action {
            Action::Checkout => None,
            Action::Run(container) | Action::Detach(container) | Action::Service(container) => {
                match &mut container.image {
                    Image::Build(build) => Some(build),
                    Image::Registry { .. } | Image::Load { .. } => None,
                }
            }
        }
    }
}

impl BuildSecret {
    /// The secret that it asks for.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Secret(name) => Some(name),
            Self::Value(_) => None,
        }
    }
}

impl SecretPart {
    /// The secret that it asks for.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Text(_) => None,
            Self::Secret(name) | Self::Json(name) => Some(name),
        }
    }
}
