//! `build:`, an image from a Dockerfile.

use std::collections::BTreeMap;

use super::{
    keys,
    reader::{Reader, Spanned},
    reference::check_reference,
    value::Told,
};
use crate::{
    diagnostic::Span,
    plan::SecretPart,
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
    pub(crate) push: bool,
    pub(crate) cache_from: Vec<String>,
    pub(crate) cache_to: Vec<String>,
    /// Id to name of a secret.
    pub(crate) secrets: BTreeMap<String, String>,
    pub(crate) platform: Option<String>,
    pub(crate) pull: bool,
    pub(crate) no_cache: bool,
    /// As written, relative to the checkout.
    pub(crate) save: Option<Spanned<String>>,
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
            push: false,
            cache_from: Vec::new(),
            cache_to: Vec::new(),
            secrets: BTreeMap::new(),
            platform: None,
            pull: false,
            no_cache: false,
            save: None,
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
        build.save = node.given("save").and_then(|save| self.text(save, "save"));
        build.tags = self.references(node, "tags", Take::Name);
        build.cache_from = self.references(node, "cache_from", Take::Any);
        build.cache_to = self.references(node, "cache_to", Take::Name);
        build.push = self.is_set(node, "push");
        build.pull = self.is_set(node, "pull");
        build.no_cache = self.is_set(node, "no_cache");
        if build.push
            && let (true, Some(push)) = (build.tags.is_empty(), node.key_span("push"))
        {
            self.error(push, "`push` has nothing to push: the build has no `tags`")
                .help("write the name in its registry: `tags: [registry.example/me/app:1]`");
        }
        if let Some(platform) = node.given("platform") {
            build.platform = self.platform(platform);
        }
        if let Some(secrets) = node.given("secrets") {
            build.secrets = self.build_secrets(secrets);
        }
        Some(build)
    }

    fn is_set(&mut self, node: &Node, key: &str) -> bool {
        node.given(key).and_then(|flag| self.flag(flag, key)).unwrap_or_default()
    }

    fn references(&mut self, node: &Node, key: &str, take: Take) -> Vec<String> {
        let Some(names) = node.given(key) else { return Vec::new() };
        let mut references = Vec::new();
        for name in self.texts(names, key) {
            if name.value.starts_with("type=") {
                self.error(name.span, format!("`{key}` takes the name of an image in a registry"))
                    .help("write the reference alone: what follows `ref=`");
            } else if let Err(why) = check_reference(&name.value) {
                self.error(name.span, format!("`{}` is not a name of an image: {why}", name.value));
            } else if take == Take::Name && name.value.contains('@') {
                self.error(name.span, format!("`{}` is a digest: an image cannot be given one", name.value))
                    .help("write a tag: `NAME:TAG`");
            }
            references.push(name.value);
        }
        references
    }

    fn platform(&mut self, node: &Node) -> Option<String> {
        let text = self.text(node, "platform")?;
        let is_word =
            |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        let parts: Vec<&str> = text.value.split('/').collect();
        if (2..=3).contains(&parts.len()) && parts.iter().all(|part| is_word(part)) {
            return Some(text.value);
        }
        self.error(text.span, format!("`{}` is not a platform", text.value))
            .help("write system and processor: `linux/amd64`, `linux/arm64`, `linux/arm/v7`");
        None
    }

    /// A list of names of secrets, which are their ids as well, or a map from ids.
    fn build_secrets(&mut self, node: &Node) -> BTreeMap<String, String> {
        let mut secrets = BTreeMap::new();
        let Value::Map(entries) = &node.value else {
            for id in self.raw_texts(node, "secrets") {
                if let Some(name) = self.secret_named(&id) {
                    secrets.insert(id.value, name);
                }
            }
            return secrets;
        };
        for entry in entries {
            let is_id =
                !entry.key.is_empty() && entry.key.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
            if !is_id {
                self.error(entry.key_span, format!("`{}` is not an id of a build secret", entry.key))
                    .help("use letters, digits, `_`, `-` and `.`, as in `RUN --mount=type=secret,id=ID`");
                continue;
            }
            let Some(value) = self.told(&entry.value) else { continue };
            match &value {
                Told::Parts(parts) if matches!(parts.as_slice(), [SecretPart::Secret(_)]) => {
                    let name = parts.iter().find_map(SecretPart::name).unwrap_or_default();
                    secrets.insert(entry.key.clone(), name.to_owned());
                }
                Told::Parts(_) | Told::Text(_) => {
                    self.error(entry.value.span, format!("the build secret `{}` is no stored secret", entry.key))
                        .help("write `{from_secret: NAME}`; what is not secret goes into `args`");
                }
            }
        }
        secrets
    }
}

/// What a reference may be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Take {
    Any,
    /// Not a digest.
    Name,
}
