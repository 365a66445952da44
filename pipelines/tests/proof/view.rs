//! A compilation as JSON that a case can point into: as it is stored, and besides, for each job, `steps`: by name, with the names of
//! their needs, their kind, and the whole environment that they would see.

use serde_json::{Map, Value, json};
use slipway_pipelines::compile::Compilation;

pub(crate) fn view(done: &Compilation) -> Value {
    let mut view = serde_json::to_value(done).unwrap();
    for (at, job) in done.jobs.iter().enumerate() {
        let steps: Map<String, Value> = job
            .plan
            .steps
            .iter()
            .enumerate()
            .map(|(position, step)| {
                let mut shown = serde_json::to_value(&**step).unwrap();
                let names: Vec<&str> = step.needs.iter().map(|need| job.plan.steps[*need].name.as_str()).collect();
                shown["needs"] = json!(names);
                shown["kind"] = json!(step.kind());
                shown["environment"] = json!(job.plan.environment_of(position));
                (step.name.clone(), shown)
            })
            .collect();
        view["jobs"][at]["order"] = job.plan.steps.iter().map(|step| step.name.as_str()).collect();
        view["jobs"][at]["steps"] = Value::Object(steps);
    }
    view["names"] = done.jobs.iter().map(|job| job.name.as_str()).collect();
    view
}
