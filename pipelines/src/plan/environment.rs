//! The whole environment of a step.

use super::{Environment, Plan};

impl Plan {
    /// What the container of a step is told, complete except for secrets that were not revealed and what only the runner
    /// knows at the start: `CI_MACHINE`, `CI_PIPELINE_STATUS`, `CI_STEP_STARTED`, outputs of steps before.
    /// The pipeline's own `environment` goes over everything.
    pub fn environment_of(&self, position: usize) -> Environment {
        let Some(step) = self.steps.get(position) else { return Environment::new() };
        let mut environment = if step.sees_values { self.values.clone() } else { Environment::new() };
        environment.extend(self.environment.iter().map(|(name, value)| (name.clone(), value.clone())));
        let mut add = |name: &str, value: String| environment.insert(name.to_owned(), value);
        add("CI_WORKFLOW_NUMBER", (self.place + 1).to_string());
        add("CI_STEP_NAME", step.name.clone());
        add("CI_STEP_NUMBER", (position + 1).to_string());
        add("CI_STEP_TYPE", step.kind().as_str().to_owned());
        if !self.url.is_empty() {
            add("CI_STEP_URL", format!("{}/jobs/{}/steps/{position}", self.url, self.place));
        }
        if step.environment.contains_key("DRONE") {
            add("DRONE_STEP_NUMBER", (position + 1).to_string());
        }
        environment.extend(step.environment.clone());
        environment
    }
}
