//! Which rules a file is read by.

/// Where a file's syntax comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Flavour {
    /// Unknown keys are errors.
    Slipway,
    /// Unknown keys are warnings: the file was written for another program.
    Woodpecker,
}

impl Flavour {
    /// By the path: `.woodpecker.yml` and what lies in `.woodpecker/` is Woodpecker's.
    pub(crate) fn of(path: &str) -> Self {
        if path.split('/').any(|part| part.starts_with(".woodpecker")) { Self::Woodpecker } else { Self::Slipway }
    }

    /// Where the workspace is mounted by default.
    pub(crate) fn base(self) -> &'static str {
        match self {
            Self::Slipway => "/slipway",
            Self::Woodpecker => "/woodpecker",
        }
    }
}

/// The workflow that a file defines: its name without folders, leading dot and extension.
pub(crate) fn workflow_name(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    let name = name.strip_prefix('.').unwrap_or(name);
    name.strip_suffix(".yml").or_else(|| name.strip_suffix(".yaml")).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_tell_flavour_and_name() {
        assert_eq!(Flavour::of(".woodpecker.yml"), Flavour::Woodpecker);
        assert_eq!(Flavour::of("x/.woodpecker/a.yaml"), Flavour::Woodpecker);
        assert_eq!(Flavour::of(".slipway/woodpecker.yml"), Flavour::Slipway);
        assert_eq!(workflow_name(".woodpecker.yml"), "woodpecker");
        assert_eq!(workflow_name(".slipway/build-all.yaml"), "build-all");
    }
}
