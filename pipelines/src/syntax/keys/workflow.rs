//! A file.

use super::{
    condition::WHEN,
    parts::{CONCURRENCY, IF, INCLUDES, MATRIX, NEEDS, PARAMETER, RETRIES, SERVICES_FROM, WORKSPACE},
    shape::{Key, Keys, Shape},
    step::{CLONE_STEP, SERVICE, STEP},
};

/// A file.
pub(crate) static WORKFLOW: Keys = Keys {
    name: "workflow",
    about: "A workflow: steps in containers that share a workspace.",
    known: &[&[
        Key::new("$schema", "Address of the schema that an editor checks this file with.", Shape::Text),
        Key::new("include", "Files to take keys from; what this file says itself wins.", INCLUDES),
        Key::new(
            "steps",
            "What is run, one container each; a map of name to step, or a list.",
            Shape::OneOf(&[Shape::Map(&Shape::Section(&STEP)), Shape::List(&Shape::Section(&STEP), 1)]),
        ),
        Key::new(
            "services",
            "Containers that live as long as the job, reachable by their name.",
            Shape::OneOf(&[Shape::Map(&Shape::Section(&SERVICE)), Shape::List(&Shape::Section(&SERVICE), 0)]),
        ),
        Key::new(
            "services_from",
            "Services as a compose file of the repository has them: its path, or more.",
            Shape::OneOf(&[Shape::Text, Shape::Section(&SERVICES_FROM)]),
        ),
        Key::new(
            "clone",
            "How the commit comes into the workspace: settings of the built-in checkout, or containers of your own.",
            Shape::OneOf(&[
                Shape::Map(&Shape::OneOf(&[Shape::Nothing, Shape::Section(&CLONE_STEP)])),
                Shape::List(&Shape::Section(&CLONE_STEP), 0),
            ]),
        ),
        Key::new("skip_clone", "Whether the workspace stays empty.", Shape::Flag),
        Key::new("when", "Which builds have this workflow: one condition, or a list of which one must fit.", WHEN),
        Key::new("if", "Short for `when: {status: …}`: on which outcome of what it depends on it runs.", IF),
        Key::new("runs_on", "Older way to write `when.status`.", Shape::Words(&["success", "failure"])),
        Key::new("depends_on", "Workflows that must be done before, by their file's name without extension.", NEEDS),
        Key::new(
            "labels",
            "Labels that the runner must have.",
            Shape::Map(&Shape::OneOf(&[Shape::Nothing, Shape::Text])),
        ),
        Key::new("workspace", "Where the shared volume and the checkout are.", Shape::Section(&WORKSPACE)),
        Key::new(
            "matrix",
            "Axes with their values: the workflow runs once for each combination.",
            Shape::Section(&MATRIX),
        ),
        Key::new("variables", "Anything; a place for YAML anchors.", Shape::Anything),
        Key::new(
            "timeout",
            "Longest run of the job, such as `90s`, `10m` or `1h30m`; one hour by default.",
            Shape::Duration,
        ),
        Key::new("retry", "When the whole job is tried again: how often, or how often and on what.", RETRIES),
        Key::new(
            "concurrency",
            "How many of this workflow run at once; others wait, older builds first.",
            Shape::OneOf(&[Shape::Whole(1, 1000), Shape::Section(&CONCURRENCY)]),
        ),
        Key::new(
            "parameters",
            "What a manual build can be given: name to definition, or to its default.",
            Shape::Map(&Shape::OneOf(&[Shape::Nothing, Shape::Text, Shape::Section(&PARAMETER)])),
        ),
    ]],
    needs: &[&["steps", "include"]],
    later: &["reports", "secrets"],
    gone: &[
        ("pipeline", "write `steps`"),
        ("branches", "write `when: {branch: …}`"),
        ("platform", "write `labels: {platform: …}`"),
        ("version", "remove it"),
        ("kind", "this is a Drone file: write `steps` as Woodpecker does"),
        ("resources", "write it on the steps and services that it is for"),
        ("outputs", "write it on the step that makes them"),
        ("cache", "write it on the step that fills it"),
    ],
    ..Keys::NONE
};
