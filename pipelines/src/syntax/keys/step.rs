//! Items of `steps`, `services` and `clone`.

use super::{
    artifacts::{KEPT, TAKEN},
    cache::CACHE,
    condition::WHEN,
    container::{BACKEND, BUILD, READY, READY_WORDS, RESOURCES},
    parts::{IF, NEEDS, RETRIES},
    reports::REPORTS,
    shape::{Key, Keys, Shape},
};
use crate::plan::Pull;

const BUILDS: Shape = Shape::OneOf(&[Shape::Text, Shape::Section(&BUILD)]);
const PULLS: Shape = Shape::OneOf(&[Shape::Word(&Pull::WORDS), Shape::Flag]);
const CACHES: Shape = Shape::OneOf(&[Shape::Section(&CACHE), Shape::List(&Shape::Section(&CACHE), 1)]);
const READIES: Shape = Shape::OneOf(&[Shape::Whole(1, 65535), Shape::Word(READY_WORDS), Shape::Section(&READY)]);

/// What every container has.
const CONTAINER: &[Key] = &[
    Key::new("name", "Unique in the file; needed in lists of services.", Shape::Text),
    Key::new("image", "What runs, such as `alpine:3.22` or `ghcr.io/owner/name:tag`.", Shape::Text),
    Key::new("build", "An image from a Dockerfile of the repository instead of `image`: its folder, or more.", BUILDS),
    Key::new(
        "pull",
        "When the registry is asked for the image: each time, when it is missing (default), or never.",
        PULLS,
    ),
    Key::new("commands", "Lines of one shell script that ends at the first that fails.", Shape::Texts),
    Key::new("entrypoint", "Another program than the shell; the commands are in `CI_SCRIPT`, base64.", Shape::Texts),
    Key::new("environment", "Variables: name to value, or to `{from_secret: name}`.", Shape::Map(&Shape::Value)),
    Key::new(
        "settings",
        "Settings of a plugin: each becomes a variable `PLUGIN_NAME`. Not beside `commands`.",
        Shape::Map(&Shape::Value),
    ),
    Key::new("directory", "Working directory, relative to the checkout or absolute.", Shape::Text),
    Key::new("when", "Which builds have this: one condition, or a list of which one must fit.", WHEN),
    Key::new("privileged", "All rights of the machine; takes a repository trusted with security.", Shape::Flag),
    Key::new(
        "volumes",
        "Mounts: `name:/path` of the job, `./part:/path` of the workspace, `/path` for an empty one, all with `:ro` if need be; \
         paths of the machine take a repository trusted with volumes.",
        Shape::Texts,
    ),
    Key::new("devices", "Devices, `host[:container[:rwm]]`; takes a repository trusted with volumes.", Shape::Texts),
    Key::new("tmpfs", "Folders in memory, `path[:options]`, such as `/cache:size=64m`.", Shape::Texts),
    Key::new("dns", "IP addresses of name servers; takes a repository trusted with network.", Shape::Texts),
    Key::new("dns_search", "Search domains; takes a repository trusted with network.", Shape::Texts),
    Key::new("extra_hosts", "More names, `name:address`; takes a repository trusted with network.", Shape::Texts),
    Key::new(
        "network_mode",
        "Another network than the job's: `none`, or with a repository trusted with network any.",
        Shape::Text,
    ),
    Key::new("backend_options", "Options for one kind of executor.", Shape::Section(&BACKEND)),
    Key::new("ports", "Ports of a service; for people, all are reachable.", Shape::Texts),
    Key::new("resources", "How much of the machine the container may take.", Shape::Section(&RESOURCES)),
];

/// What a step has besides.
const STEP_ONLY: &[Key] = &[
    Key::new("if", "Short for `when: {status: …}`: on which outcome of the steps before it runs.", IF),
    Key::new("depends_on", "Steps that must be done before; without any in the file they run one by one.", NEEDS),
    Key::new(
        "failure",
        "What a failure means: the job fails, it is ignored with a warning, or the whole build is cancelled.",
        Shape::Word(&["fail", "ignore", "cancel"]),
    ),
    Key::new("detach", "Whether the next steps start while this one goes on until the job ends.", Shape::Flag),
    Key::new("timeout", "Longest run of one try, such as `90s`, `10m` or `1h30m`.", Shape::Duration),
    Key::new("retry", "When it is tried again: how often, or how often and on what.", RETRIES),
    Key::new(
        "outputs",
        "Variables that the step hands to later steps and jobs as lines `NAME=value` in the file `$SLIPWAY_OUTPUT`.",
        Shape::Texts,
    ),
    Key::new(
        "cache",
        "Files that are restored before the step and saved for later builds: one cache, or a list.",
        CACHES,
    ),
    Key::new("reports", "Files in which tools say what they found: tests and coverage.", Shape::Section(&REPORTS)),
    Key::new("artifacts", "Files that are kept when the step has ended: paths or patterns, or more.", KEPT),
    Key::new(
        "load",
        "An image from a file of the workspace instead of `image`, as `build: {save: …}` writes it.",
        Shape::Text,
    ),
    Key::new("artifacts_from", "Workflows whose artifacts are put into the workspace before the step starts.", TAKEN),
];

/// What a service has besides.
const SERVICE_ONLY: &[Key] = &[
    Key::new(
        "failure",
        "What a failure means: it is ignored with a warning, or the job fails.",
        Shape::Word(&["fail", "ignore"]),
    ),
    Key::new(
        "ready",
        "What is waited for before the steps start: a port, the image's own health check, or a command.",
        READIES,
    ),
];

const GONE: [(&str, &str); 4] = [
    ("secrets", "write `environment: {NAME: {from_secret: name}}`"),
    ("group", "write `depends_on` on the steps"),
    ("networks", "services are reachable by their name; remove it"),
    ("local", "write `when: {local: false}`"),
];

/// An item of `steps` or of a `clone` list.
pub(crate) static STEP: Keys = Keys {
    name: "step",
    about: "A container of the job, run to its end.",
    known: &[CONTAINER, STEP_ONLY],
    needs: &[&["image", "build", "load"]],
    gone: &[GONE[0], GONE[1], GONE[2], GONE[3], ("ready", "write it on a service")],
    ..Keys::NONE
};

/// The same where an image is not needed: the built-in checkout takes settings, too.
pub(crate) static CLONE_STEP: Keys = Keys {
    name: "clone_step",
    about: "The checkout, or a container that does it.",
    known: &[CONTAINER, STEP_ONLY],
    gone: STEP.gone,
    ..Keys::NONE
};

/// An item of `services`.
pub(crate) static SERVICE: Keys = Keys {
    name: "service",
    about: "A container that lives as long as its job.",
    known: &[CONTAINER, SERVICE_ONLY],
    needs: &[&["image", "build"]],
    gone: &[
        GONE[0],
        GONE[1],
        GONE[2],
        GONE[3],
        ("depends_on", "services start with the job; remove it"),
        ("detach", "a service always runs beside the steps; remove it"),
        ("retry", "write it on the step or the workflow that needs the service"),
        ("timeout", "a service lives as long as its job; `ready: {…, timeout: 60s}` limits its start"),
        ("outputs", "only steps have outputs; remove it"),
        ("cache", "write it on the step that fills it; a service lives as long as its job"),
        ("reports", "write it on a step"),
        ("artifacts", "write it on a step"),
        ("artifacts_from", "write it on a step"),
        ("load", "write it on a step with `detach: true`: services start before any step can put the file there"),
        ("if", "services start with the job; use `when` to leave one out"),
    ],
    ..Keys::NONE
};

/// The one item of a `clone` map that the built-in checkout understands.
pub(crate) static CLONE: Keys = Keys {
    name: "checkout",
    about: "Settings of the built-in checkout.",
    known: &[&[
        Key::new("image", "Woodpecker's clone plugin, whose work the built-in checkout does.", Shape::Text),
        Key::new("settings", "Settings of the checkout.", Shape::Map(&Shape::Value)),
        Key::new("environment", "Has no effect on the checkout.", Shape::Map(&Shape::Value)),
        Key::new("when", "Which builds have the checkout.", WHEN),
    ]],
    ..Keys::NONE
};
