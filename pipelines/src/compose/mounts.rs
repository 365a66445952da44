//! `volumes` and `tmpfs` of a service.

use super::{keys, service::Service};
use crate::{
    flavour::Flavour,
    syntax::{Source, Spanned, Volume},
    yaml::{Node, Value},
};

impl Service<'_, '_> {
    /// What the service has mounted. `node` has its `${…}` replaced.
    pub(super) fn volumes(&mut self, node: &Node) -> Vec<Volume> {
        let mut volumes = Vec::new();
        if let Some(section) = node.given("volumes") {
            match &section.value {
                Value::List(items) => volumes.extend(items.iter().filter_map(|item| self.volume(item))),
                Value::Scalar(_) | Value::Map(_) => {
                    self.reader.wrong(section, "volumes", "a list");
                }
            }
        }
        if let Some(section) = node.given("tmpfs") {
            let texts = self.reader.raw_texts(section, "tmpfs");
            volumes.extend(texts.iter().filter_map(|text| self.reader.memory_folder(text)));
        }
        if let Some(size) = node.given("shm_size").and_then(|node| self.reader.raw_text(node, "shm_size")) {
            let text = Spanned { value: format!("/dev/shm:size={}", size.value.trim_end_matches(['b', 'B'])), ..size };
            volumes.extend(self.reader.memory_folder(&text));
        }
        volumes
    }

    fn volume(&mut self, item: &Node) -> Option<Volume> {
        if let Value::Map(_) = item.value {
            return self.long_volume(item);
        }
        let text = self.reader.raw_text(item, "volumes")?;
        let value = match text.value.split_once(':') {
            Some((source, rest)) if source.starts_with('.') => format!("{}:{rest}", self.in_checkout(source)),
            Some(_) | None => text.value,
        };
        let volume = self.reader.volume(&Spanned { value, ..text }, Flavour::Slipway)?;
        self.declared(volume)
    }

    /// `{type, source, target, …}`
    fn long_volume(&mut self, item: &Node) -> Option<Volume> {
        if !keys::check(item, &keys::MOUNT, &format!("a volume of {}", self.what()), self.reader.report) {
            return None;
        }
        let text = |key: &str| match item.given(key).map(|node| &node.value) {
            Some(Value::Scalar(scalar)) => Some(scalar.text.as_str()),
            _ => None,
        };
        let Some(target) = text("target") else {
            self.error(item.span, format!("a volume of {} has no `target`", self.what()))
                .help("write where in the container it shall be: `target: /path`");
            return None;
        };
        let flag = |node: Option<&Node>| match node.map(|node| &node.value) {
            Some(Value::Scalar(scalar)) => scalar.as_bool().unwrap_or(false),
            _ => false,
        };
        let source = match (text("type").unwrap_or("volume"), text("source")) {
            ("volume", None) => Source::Own,
            ("volume", Some(name)) => {
                let copy = !flag(item.given("volume").and_then(|volume| volume.get("nocopy")));
                Source::Named { name: name.to_owned(), copy }
            }
            ("bind", Some(path)) if path.starts_with('.') => Source::Workspace(self.in_checkout(path)),
            ("bind", Some(path)) => {
                let mode = if flag(item.given("read_only")) { ":ro" } else { "" };
                let value = format!("{path}:{target}{mode}");
                return self.reader.volume(&Spanned { value, span: item.span }, Flavour::Slipway);
            }
            ("tmpfs", None) => {
                let options = item.given("tmpfs").map(Node::entries).unwrap_or_default().iter();
                let options = options.filter_map(|entry| match &entry.value.value {
                    Value::Scalar(scalar) if !scalar.is_null() => Some(format!("{}={}", entry.key, scalar.text)),
                    _ => None,
                });
                let options: Vec<String> = options.collect();
                let end = if options.is_empty() { String::new() } else { format!(":{}", options.join(",")) };
                let text = Spanned { value: format!("{target}{end}"), span: item.span };
                return self.reader.memory_folder(&text);
            }
            _ => {
                self.error(item.span, format!("this is no volume of {}", self.what()))
                    .help("write `type: volume` with a name as `source`, `type: bind` with a path, or `type: tmpfs`");
                return None;
            }
        };
        let target = self.reader.target(target, item.span)?;
        self.declared(Volume { source, target, read_only: flag(item.given("read_only")), makes: true, span: item.span })
    }

    /// A name must be one of the file's volumes.
    fn declared(&mut self, mut volume: Volume) -> Option<Volume> {
        volume.makes = true;
        if let Source::Named { name, .. } = &volume.source
            && !self.file.volumes.contains(name)
        {
            let message = format!("{} has the volume `{name}`, which the file does not define", self.what());
            self.error(volume.span, message)
                .help(format!("add `{name}:` below `volumes` at the end of the file; a folder begins with `./`"));
            return None;
        }
        Some(volume)
    }

    /// A path relative to the compose file as one relative to the checkout.
    pub(super) fn in_checkout(&self, path: &str) -> String {
        match self.file.folder.as_str() {
            "" => path.to_owned(),
            folder => format!("./{folder}/{path}"),
        }
    }
}
