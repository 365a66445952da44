//! `clone:` and `skip_clone:`.

use super::{keys, reader::Reader};
use crate::yaml::{Entry, Node, Value};

/// How the commit comes into the workspace.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Clone {
    /// The runner's own checkout, as a step of this name.
    BuiltIn { name: String },
    /// Not at all.
    Skip,
    /// By containers of the pipeline: the items of the section.
    Custom,
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
            && (entry.value.is_null() || self.built_in_does(&entry.value))
        {
            return Clone::BuiltIn { name: entry.key.clone() };
        }
        Clone::Custom
    }

    /// Whether the runner's own checkout stands in for a clone step: it is Woodpecker's default plugin, or no image is named, and its
    /// settings ask for nothing more.
    fn built_in_does(&mut self, step: &Node) -> bool {
        let image = step.given("image");
        if !matches!(step.value, Value::Map(_)) || !is_default_image(image) {
            return false;
        }
        let is_more = |entry: &&Entry| {
            let is_off = match &entry.value.value {
                Value::Scalar(scalar) => scalar.is_null() || scalar.as_bool() == Some(false),
                Value::List(_) | Value::Map(_) => false,
            };
            !is_off && !matches!(entry.key.as_str(), "depth" | "partial" | "tags" | "remote" | "sha" | "ref")
        };
        let more = step.given("settings").and_then(|settings| settings.entries().iter().find(is_more));
        match (more, image) {
            (Some(_), Some(_)) => return false,
            (Some(entry), None) => {
                self.error(entry.key_span, format!("the built-in checkout has no setting `{}`", entry.key))
                    .help("add `image: woodpeckerci/plugin-git` to clone with that plugin");
            }
            (None, _) => {}
        }
        self.section(step, "`clone`", &keys::CLONE);
        true
    }
}

/// Whether an image is the one that Woodpecker clones with by default, whatever its version.
fn is_default_image(image: Option<&Node>) -> bool {
    let Some(image) = image else { return true };
    let Value::Scalar(scalar) = &image.value else { return false };
    let name = scalar.text.strip_prefix("docker.io/").unwrap_or(&scalar.text);
    name == "woodpeckerci/plugin-git" || name.starts_with("woodpeckerci/plugin-git:")
}
