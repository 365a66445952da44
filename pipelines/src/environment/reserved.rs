//! Names that a matrix axis or a parameter cannot take.

/// Whether a name is ours or steers every program: values from outside must not replace it.
pub(crate) fn is_reserved(name: &str) -> bool {
    matches!(name, "CI" | "DRONE" | "SLIPWAY" | "PATH" | "HOME" | "SHELL" | "IFS" | "BASH_ENV")
        || ["CI_", "DRONE_", "PLUGIN_", "SLIPWAY_", "LD_"].iter().any(|prefix| name.starts_with(prefix))
}
