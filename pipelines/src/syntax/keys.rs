//! Which keys each section has.

/// The keys of a section.
pub(crate) struct Keys {
    /// Understood.
    pub(crate) known: &'static [&'static str],
    /// Of later versions, or Woodpecker's without a meaning here yet.
    pub(crate) later: &'static [&'static str],
    /// Of earlier Woodpecker and Drone versions, with what to write now.
    pub(crate) gone: &'static [(&'static str, &'static str)],
}

/// A file.
pub(crate) const WORKFLOW: Keys = Keys {
    known: &[
        "$schema",
        "steps",
        "services",
        "clone",
        "skip_clone",
        "when",
        "runs_on",
        "depends_on",
        "labels",
        "workspace",
        "matrix",
        "variables",
        "timeout",
    ],
    later: &["concurrency", "artifacts", "cache", "reports", "retry", "resources", "parameters", "secrets"],
    gone: &[
        ("pipeline", "write `steps`"),
        ("branches", "write `when: {branch: …}`"),
        ("platform", "write `labels: {platform: …}`"),
        ("version", "remove it"),
        ("kind", "this is a Drone file: write `steps` as Woodpecker does"),
    ],
};

/// An item of `steps` or of a `clone` list.
pub(crate) const STEP: Keys = Keys {
    known: &[
        "name",
        "image",
        "build",
        "pull",
        "commands",
        "entrypoint",
        "environment",
        "settings",
        "directory",
        "when",
        "depends_on",
        "failure",
        "detach",
        "timeout",
        "privileged",
        "volumes",
        "devices",
        "tmpfs",
        "dns",
        "dns_search",
        "extra_hosts",
        "network_mode",
        "backend_options",
        "ports",
    ],
    later: &["artifacts", "cache", "reports", "retry", "resources", "ready"],
    gone: GONE,
};

/// An item of `services`.
pub(crate) const SERVICE: Keys = Keys {
    known: &[
        "name",
        "image",
        "build",
        "pull",
        "commands",
        "entrypoint",
        "environment",
        "settings",
        "directory",
        "when",
        "failure",
        "privileged",
        "volumes",
        "devices",
        "tmpfs",
        "dns",
        "dns_search",
        "extra_hosts",
        "network_mode",
        "backend_options",
        "ports",
    ],
    later: &["ready", "resources", "retry"],
    gone: &[
        GONE[0],
        GONE[1],
        ("depends_on", "services start with the job; remove it"),
        ("detach", "a service always runs beside the steps; remove it"),
    ],
};

const GONE: &[(&str, &str)] = &[
    ("secrets", "write `environment: {NAME: {from_secret: name}}`"),
    ("group", "write `depends_on` on the steps"),
    ("networks", "services are reachable by their name; remove it"),
];

/// A condition of `when`.
pub(crate) const CONDITION: Keys = Keys {
    known: &["event", "branch", "repo", "ref", "cron", "instance", "platform", "matrix", "path", "status", "evaluate"],
    later: &["local"],
    gone: &[
        ("environment", "write `event: deployment`"),
        ("failure", "write `failure: ignore` on the step itself; a filter is `status: [failure]`"),
    ],
};

/// `when.path`.
pub(crate) const PATH_FILTER: Keys =
    Keys { known: &["include", "exclude", "ignore_message", "on_empty"], later: &[], gone: &[] };

/// A pattern filter.
pub(crate) const FILTER: Keys = Keys { known: &["include", "exclude"], later: &[], gone: &[] };

/// `workspace`.
pub(crate) const WORKSPACE: Keys = Keys { known: &["base", "path"], later: &[], gone: &[] };

/// `build`.
pub(crate) const BUILD: Keys = Keys {
    known: &["context", "dockerfile", "target", "args", "tags"],
    later: &["cache", "cache_from", "cache_to", "push", "platforms", "secrets", "ssh", "labels"],
    gone: &[],
};

/// An item of `depends_on`.
pub(crate) const NEED: Keys = Keys { known: &["name", "optional"], later: &[], gone: &[] };

/// The one item of a `clone` map that has a meaning.
pub(crate) const CLONE: Keys = Keys { known: &["image", "settings", "environment", "when"], later: &[], gone: &[] };
