//! `volumes:` and `tmpfs:`.

use super::{
    reader::{Reader, Spanned},
    right,
};
use crate::{diagnostic::Span, flavour::Flavour, yaml::Node};

/// Something that a container wants mounted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Volume {
    pub(crate) source: Source,
    /// Absolute path in the container, without `.`, `..` and double slashes.
    pub(crate) target: String,
    pub(crate) read_only: bool,
    /// A folder of the workspace is made if nothing is there, as for compose files.
    pub(crate) makes: bool,
    /// All of it.
    pub(crate) span: Span,
}

/// Where it comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Source {
    /// A volume of the job.
    Named { name: String, copy: bool },
    /// A path relative to the checkout.
    Workspace(String),
    /// An empty volume that nobody else has.
    Own,
    /// Memory, with options as Docker has them.
    Memory(String),
    /// A path or volume of the machine, as Docker has the whole text.
    Machine(String),
}

/// What a mode may be besides `ro` and `rw`; none changes anything for what is not the machine's.
const IDLE_MODES: [&str; 6] = ["rw", "z", "Z", "cached", "delegated", "consistent"];
/// Options of `tmpfs` that need no trust.
const MEMORY_OPTIONS: [&str; 7] = ["ro", "rw", "exec", "noexec", "nosuid", "nodev", "noatime"];
/// The same with a number.
const MEMORY_NUMBERS: [&str; 5] = ["size", "mode", "uid", "gid", "nr_inodes"];

impl Reader<'_> {
    /// What a step wants mounted; what it may not have is said.
    pub(crate) fn volumes(&mut self, step: &Node) -> Vec<Volume> {
        let volumes = step.given("volumes").map(|node| self.texts(node, "volumes")).unwrap_or_default();
        let memory = step.given("tmpfs").map(|node| self.texts(node, "tmpfs")).unwrap_or_default();
        let volumes: Vec<Volume> = volumes.iter().filter_map(|text| self.volume(text, self.flavour)).collect();
        let memory = memory.iter().filter_map(|text| self.memory_folder(text));
        volumes.into_iter().chain(memory).collect()
    }

    /// `source:target[:modes]` or `target`. In Woodpecker's files a name is a volume of the engine.
    pub(crate) fn volume(&mut self, text: &Spanned<String>, flavour: Flavour) -> Option<Volume> {
        let parts: Vec<&str> = text.value.split(':').collect();
        let (source, target, modes) = match parts.as_slice() {
            [target] => ("", *target, ""),
            [source, target] => (*source, *target, ""),
            [source, target, modes] => (*source, *target, *modes),
            _ => return self.no_volume(text, "write `name:/path`, `./folder:/path` or `/path`, with `:ro` if need be"),
        };
        let is_name = right::is_name(source);
        if source.starts_with('/') || is_name && flavour == Flavour::Woodpecker {
            return self.of_machine(text, source, target);
        }
        let source = match source {
            "" if parts.len() == 1 => Source::Own,
            "." | ".." => Source::Workspace(source.to_owned()),
            path if path.starts_with("./") || path.starts_with("../") => Source::Workspace(path.to_owned()),
            name if is_name => Source::Named { name: name.to_owned(), copy: true },
            path if path.starts_with('~') => {
                return self.no_volume(text, "a container has no home on the machine: write `./folder:/path`");
            }
            path if path.contains('/') => {
                let help = format!("a folder of the workspace begins with `./`: write `./{path}`");
                return self.no_volume(text, &help);
            }
            _ => return self.no_volume(text, "the name of a volume takes letters, digits, `_`, `.` and `-`"),
        };
        let target = self.target(target, text.span)?;
        let mut volume = Volume { source, target, read_only: false, makes: false, span: text.span };
        for mode in modes.split(',').filter(|_| parts.len() == 3) {
            match (mode, &mut volume.source) {
                ("ro", _) => volume.read_only = true,
                ("nocopy", Source::Named { copy, .. }) => *copy = false,
                (mode, _) if IDLE_MODES.contains(&mode) => {}
                _ => {
                    return self
                        .no_volume(text, "behind the second `:` may stand `ro`, `rw` or, after a name, `nocopy`");
                }
            }
        }
        Some(volume)
    }

    /// A path of the machine, or a volume that it has.
    fn of_machine(&mut self, text: &Spanned<String>, source: &str, target: &str) -> Option<Volume> {
        if !self.trusted.volumes {
            let what = if source.starts_with('/') { "path" } else { "volume" };
            self.error(
                text.span,
                format!("the {what} `{source}` of the machine takes a repository that is trusted with volumes, and this one is not"),
            )
            .help(
                "ask an administrator to trust the repository with volumes; without trust there are \
                 `./folder:/path` of the workspace and, in `.slipway` files, `name:/path` of the job",
            );
            return None;
        }
        let target = self.target(target, text.span)?;
        if let Err(help) = right::volume(&text.value) {
            return self.no_volume(text, help);
        }
        let read_only = text.value.rsplit(':').next().is_some_and(|modes| modes.split(',').any(|mode| mode == "ro"));
        Some(Volume { source: Source::Machine(text.value.clone()), target, read_only, makes: false, span: text.span })
    }

    /// `path[:options]`
    pub(crate) fn memory_folder(&mut self, text: &Spanned<String>) -> Option<Volume> {
        let (path, options) = text.value.split_once(':').unwrap_or((&text.value, ""));
        let target = self.target(path, text.span)?;
        let is_option = |option: &str| match option.split_once('=') {
            None => MEMORY_OPTIONS.contains(&option),
            Some(("size", size)) => memory_size(size).is_some(),
            Some((name, number)) => {
                MEMORY_NUMBERS.contains(&name) && !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
            }
        };
        if text.value.contains(':') && !options.split(',').all(is_option) {
            let shown: String = text.value.chars().take(80).collect();
            self.error(text.span, format!("`{shown}` is no value of `tmpfs`")).help(
                "behind the path may stand `size=64m`, `mode=1777`, `uid=`, `gid=`, `exec` and `ro`, with commas between them",
            );
            return None;
        }
        Some(Volume {
            source: Source::Memory(options.to_owned()),
            target,
            read_only: false,
            makes: false,
            span: text.span,
        })
    }

    /// A place in a container, in its shortest form.
    pub(crate) fn target(&mut self, text: &str, at: Span) -> Option<String> {
        let parts: Vec<&str> = text.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        let why = if !text.starts_with('/') {
            "is not absolute"
        } else if parts.contains(&"..") {
            "has `..` in it"
        } else if parts.is_empty() {
            "is all of the container"
        } else if text.len() > 4096 || text.chars().any(|c| c.is_control() || c == ',') {
            "is no path"
        } else {
            return Some(format!("/{}", parts.join("/")));
        };
        let shown: String = text.chars().take(80).collect();
        self.error(at, format!("nothing can be mounted at `{}`: it {why}", shown.escape_debug()))
            .help("write where in the container it shall be, such as `/var/lib/data`");
        None
    }

    fn no_volume<T>(&mut self, text: &Spanned<String>, help: &str) -> Option<T> {
        let shown: String = text.value.chars().take(80).collect();
        self.error(text.span, format!("`{shown}` is no value of `volumes`")).help(help);
        None
    }
}

/// Bytes of the `size` of a `tmpfs`: `64m`. A part of the machine's memory, `50%`, is none.
pub(crate) fn memory_size(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(['k', 'K', 'm', 'M', 'g', 'G']);
    let unit = &text[digits.len()..];
    let power = match unit.to_ascii_lowercase().as_str() {
        "" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        _ => return None,
    };
    let number: u64 = digits.parse().ok().filter(|_| digits.bytes().all(|b| b.is_ascii_digit()))?;
    number.checked_mul(1 << (10 * power)).filter(|bytes| *bytes > 0)
}

#[cfg(test)]
mod tests {
    use super::memory_size;

    #[test]
    fn sizes_of_memory_are_bytes() {
        for (text, wanted) in [("64m", 64 << 20), ("1G", 1 << 30), ("4096", 4096), ("2k", 2048)] {
            assert_eq!(memory_size(text), Some(wanted), "{text}");
        }
        for text in ["", "m", "50%", "1mm", "1.5g", "+1", "0", "99999999999g"] {
            assert_eq!(memory_size(text), None, "{text}");
        }
    }
}
