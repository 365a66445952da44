//! `clone:` and `skip_clone:`.

use super::{
    keys,
    reader::Reader,
    step::{Role, Step},
};
use crate::{
    flavour::Flavour,
    yaml::{Node, Value},
};

/// How the commit comes into the workspace.
#[derive(Clone, Debug)]
pub(crate) enum Clone {
    /// The runner's own checkout, as a step of this name.
    BuiltIn { name: String },
    /// Not at all.
    Skip,
    /// By containers of the pipeline.
    Custom(Vec<Step>),
}

impl Reader<'_> {
    /// What a workflow says about its checkout.
    pub(crate) fn clone_section(&mut self, workflow: &Node) -> Clone {
        let skip = workflow.given("skip_clone").and_then(|node| self.flag(node, "skip_clone")).unwrap_or(false);
        if skip {
            if let Some(at) = workflow.key_span("clone") {
                self.report
                    .warning(at, "`clone` has no effect beside `skip_clone: true`")
                    .help("remove one of the two");
            }
            return Clone::Skip;
        }
        let Some(section) = workflow.given("clone") else {
            return Clone::BuiltIn { name: "clone".to_owned() };
        };
        if let Value::Map(entries) = &section.value
            && let [entry] = entries.as_slice()
            && is_default_image(entry.value.given("image"))
        {
            self.built_in(&entry.value);
            return Clone::BuiltIn { name: entry.key.clone() };
        }
        Clone::Custom(self.steps(section, "clone", Role::Clone))
    }

    /// The default clone with settings: the runner's own checkout stands in for the plugin.
    fn built_in(&mut self, node: &Node) {
        if node.is_null() || self.section(node, "`clone`", &keys::CLONE).is_none() {
            return;
        }
        let Some(settings) = node.given("settings") else { return };
        for entry in settings.entries() {
            let is_off = match &entry.value.value {
                Value::Scalar(scalar) => scalar.is_null() || scalar.as_bool() == Some(false),
                Value::List(_) | Value::Map(_) => false,
            };
            match entry.key.as_str() {
                "depth" | "partial" | "tags" | "remote" | "sha" | "ref" => {}
                _ if is_off => {}
                other => {
                    let message = format!("the built-in checkout has no setting `{other}`");
                    match self.flavour {
                        Flavour::Slipway => self.error(entry.key_span, message),
                        Flavour::Woodpecker => self.report.warning(entry.key_span, message),
                    }
                    .help("name the plugin's image under `clone` to use it instead");
                }
            }
        }
    }
}

/// Whether an image is the one that Woodpecker clones with by default, whatever its version.
fn is_default_image(image: Option<&Node>) -> bool {
    let Some(image) = image else { return true };
    let Value::Scalar(scalar) = &image.value else { return false };
    let name = scalar.text.strip_prefix("docker.io/").unwrap_or(&scalar.text);
    name == "woodpeckerci/plugin-git" || name.starts_with("woodpeckerci/plugin-git:")
}
