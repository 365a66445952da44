//! Plans with nothing but what every plan has.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    Access, Action, Container, Environment, Files, Image, OnFailure, Plan, Program, Resources, RunsOn, Step, Workspace,
};

/// How long a job may run unless its file says otherwise, in seconds.
const TIMEOUT: u64 = 3600;

impl Plan {
    /// The first job of a build without a page, with these steps.
    pub fn new(name: impl Into<String>, workspace: Workspace, steps: impl IntoIterator<Item = Step>) -> Self {
        Self {
            name: name.into(),
            place: 0,
            url: String::new(),
            workspace,
            environment: Arc::default(),
            values: Environment::new(),
            steps: steps.into_iter().map(Arc::new).collect(),
            timeout_seconds: TIMEOUT,
        }
    }
}

impl Step {
    /// A step that needs nothing and runs on success.
    pub fn new(name: impl Into<String>, action: Action) -> Self {
        Self {
            name: name.into(),
            action,
            needs: Vec::new(),
            runs_on: RunsOn::default(),
            on_failure: OnFailure::Fail,
            environment: Environment::new(),
            secrets: BTreeMap::new(),
            sees_values: false,
            timeout_seconds: None,
            retry: None,
            outputs: Vec::new(),
            files: Files::default(),
        }
    }
}

impl Container {
    /// A container with the usual rights and limits.
    pub fn new(image: Image, program: Program, directory: impl Into<String>) -> Self {
        Self {
            image,
            program,
            directory: directory.into(),
            access: Access::default(),
            resources: Resources::default(),
            ready: None,
            mounts: Vec::new(),
            aliases: Vec::new(),
            hostname: None,
        }
    }
}
