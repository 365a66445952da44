//! `build:`, an image from a Dockerfile.

use std::collections::BTreeMap;

use super::{
    keys,
    reader::{Reader, Spanned},
    reference::check_reference,
};
use crate::{
    diagnostic::Span,
    yaml::{Node, Value},
};

/// A `build:` section.
#[derive(Clone, Debug)]
pub(crate) struct Build {
    /// As written, relative to the checkout.
    pub(crate) context: Spanned<String>,
    /// Relative to the context.
    pub(crate) dockerfile: Spanned<String>,
    pub(crate) target: Option<String>,
    pub(crate) args: BTreeMap<String, String>,
    pub(crate) tags: Vec<String>,
}

impl Reader<'_> {
    /// A folder, or a map.
    pub(crate) fn build(&mut self, node: &Node, at: Span) -> Option<Build> {
        let default = |text: &str| Spanned { value: text.to_owned(), span: at };
        let mut build = Build {
            context: default("."),
            dockerfile: default("Dockerfile"),
            target: None,
            args: BTreeMap::new(),
            tags: Vec::new(),
        };
        if let Value::Scalar(_) = node.value {
            build.context = self.text(node, "build")?;
            return Some(build);
        }
        if matches!(node.value, Value::List(_)) {
            self.wrong(node, "build", "a folder or a map");
            return None;
        }
        self.section(node, "`build`", &keys::BUILD)?;
        if let Some(context) = node.given("context") {
            build.context = self.text(context, "context")?;
        }
        if let Some(dockerfile) = node.given("dockerfile") {
            build.dockerfile = self.text(dockerfile, "dockerfile")?;
        }
        if let Some(target) = node.given("target") {
            build.target = Some(self.text(target, "target")?.value);
        }
        if let Some(args) = node.given("args") {
            let args = self.open_environment(args, "args", "build arguments are stored in the image");
            build.args = args.into_iter().map(|(name, value)| (name.value, value)).collect();
        }
        if let Some(tags) = node.given("tags") {
            for tag in self.texts(tags, "tags") {
                if let Err(why) = check_reference(&tag.value) {
                    self.error(tag.span, format!("`{}` is not a name of an image: {why}", tag.value));
                }
                build.tags.push(tag.value);
            }
        }
        Some(build)
    }
}
