//! `build` of a service.

use super::{
    keys,
    service::{Service, section},
};
use crate::{
    syntax::{Build, Spanned, Told, check_reference},
    yaml::{Node, Scalar, Value},
};

impl Service<'_, '_> {
    /// The folder that the service's image is built from, as a pipeline has it. `None`: it is wrong, which was said.
    pub(super) fn context(&mut self, node: &Node) -> Option<Node> {
        let context = match &node.value {
            Value::Scalar(_) => Some(node),
            Value::Map(_) => {
                keys::check(node, &keys::BUILD, &format!("`build` of {}", self.what()), self.reader.report);
                node.given("context")
            }
            Value::List(_) => {
                self.reader.wrong(node, "build", "a folder or a map");
                return None;
            }
        };
        let context = match context {
            Some(context) => self.reader.raw_text(context, "context")?,
            None => Spanned { value: ".".to_owned(), span: node.span },
        };
        if context.value.contains("://") || context.value.starts_with("git@") {
            self.error(context.span, format!("the build context of {} is an address", self.what()))
                .help("write a folder of the repository, such as `.`");
            return None;
        }
        let value = Value::Scalar(Scalar { text: self.in_checkout(&context.value), plain: false });
        Some(Node { span: context.span, value, is_alias: false })
    }

    /// All else about it. The service's `image` is a name for what is built.
    pub(super) fn build(&mut self, service: &Node, build: &mut Build) {
        let node = service.given("build").unwrap_or(service);
        if let Some(file) = node.given("dockerfile").and_then(|file| self.reader.raw_text(file, "dockerfile")) {
            build.dockerfile = file;
        }
        build.target = node.given("target").and_then(|it| self.reader.raw_text(it, "target")).map(|it| it.value);
        build.args.extend(self.arguments(node));
        let tags = node.given("tags").map(|node| self.reader.raw_texts(node, "tags")).unwrap_or_default();
        let image = service.given("image").and_then(|node| self.reader.raw_text(node, "image"));
        for tag in image.into_iter().chain(tags) {
            if let Err(why) = check_reference(&tag.value) {
                self.error(tag.span, format!("`{}` is not a name of an image: {why}", tag.value));
            }
            build.tags.push(tag.value);
        }
    }

    /// A map, or a list of `NAME=value`; a name alone has the value of the pipeline.
    fn arguments(&mut self, build: &Node) -> Vec<(String, String)> {
        let Some(node) = build.given("args") else { return Vec::new() };
        let arguments = self.variables(&section("environment", node.clone()));
        let arguments = arguments.into_iter().filter_map(|(name, value)| match value {
            Told::Text(text) => Some((name.value, text)),
            Told::Parts(_) => None,
        });
        arguments.collect()
    }
}
