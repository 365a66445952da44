//! How much a service may take, and how many containers there are of it.

use super::{keys, service::Service};
use crate::{
    diagnostic::Span,
    plan::Resources,
    yaml::{Node, Value},
};

impl Service<'_, '_> {
    /// Of `deploy.resources.limits`, or of the older keys. `node` has its `${…}` replaced.
    pub(super) fn resources(&mut self, node: &Node) -> Resources {
        let mut resources = Resources::default();
        self.limits(node, "mem_limit", "pids_limit", &mut resources);
        if let (Some(scale), Some(at)) = (node.given("scale"), node.key_span("scale")) {
            self.one(scale, at);
        }
        let Some(deploy) = node.given("deploy") else { return resources };
        if !keys::check(deploy, &keys::DEPLOY, &format!("`deploy` of {}", self.what()), self.reader.report) {
            return resources;
        }
        if let (Some(replicas), Some(at)) = (deploy.given("replicas"), deploy.key_span("replicas")) {
            self.one(replicas, at);
        }
        let Some(section) = deploy.given("resources") else { return resources };
        let what = format!("`deploy.resources` of {}", self.what());
        if !keys::check(section, &keys::DEPLOY_RESOURCES, &what, self.reader.report) {
            return resources;
        }
        if let Some(limits) = section.given("limits")
            && keys::check(limits, &keys::DEPLOY_LIMITS, &what, self.reader.report)
        {
            self.limits(limits, "memory", "pids", &mut resources);
        }
        resources
    }

    fn limits(&mut self, node: &Node, memory: &str, pids: &str, resources: &mut Resources) {
        if let Some(cpus) = node.given("cpus") {
            resources.cpu_millis = self.reader.cpus(cpus);
        }
        if let Some(memory) = node.given(memory) {
            resources.memory_bytes = self.reader.memory(memory);
        }
        // 0 and -1 are no limit.
        let is_none = |node: &Node| matches!(&node.value, Value::Scalar(scalar) if matches!(&*scalar.text, "0" | "-1"));
        if let Some(node) = node.given(pids).filter(|node| !is_none(node)) {
            resources.pids = self.reader.whole(node, pids, 1, 4_194_304);
        }
    }

    /// There is one container of each service.
    fn one(&mut self, node: &Node, at: Span) {
        if !matches!(&node.value, Value::Scalar(scalar) if scalar.text == "1") {
            self.error(at, format!("there is one container of {}, and the file wants another number", self.what()))
                .help("remove it; a second service can have the same keys: `<<: *anchor`");
        }
    }
}
