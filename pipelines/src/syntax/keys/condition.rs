//! `when`.

use super::shape::{Key, Keys, Shape};

/// `when`.
pub(super) const WHEN: Shape = Shape::OneOf(&[Shape::Section(&CONDITION), Shape::List(&Shape::Section(&CONDITION), 0)]);

const EVENTS: &[&str] = &[
    "push",
    "pull_request",
    "pull_request_closed",
    "pull_request_metadata",
    "tag",
    "release",
    "deployment",
    "cron",
    "manual",
];

const PATTERN: Shape = Shape::OneOf(&[Shape::Texts, Shape::Section(&FILTER)]);

/// A condition of `when`.
pub(crate) static CONDITION: Keys = Keys {
    name: "condition",
    about: "A condition, all keys of which must fit.",
    known: &[&[
        Key::new("event", "Why the build starts.", Shape::Words(EVENTS)),
        Key::new(
            "branch",
            "Patterns of the branch, for pull requests of their target; not looked at for tags.",
            PATTERN,
        ),
        Key::new("repo", "Patterns of `owner/name`.", PATTERN),
        Key::new("ref", "Patterns of the git ref, such as `refs/tags/v*`.", PATTERN),
        Key::new("cron", "Patterns of the schedule's name; for builds of schedules only.", PATTERN),
        Key::new("instance", "Patterns of the server's host name.", PATTERN),
        Key::new("platform", "Patterns of the workflow's label `platform`.", PATTERN),
        Key::new("matrix", "Axes of the matrix, with patterns of their values; for steps.", Shape::Section(&AXES)),
        Key::new(
            "path",
            "Patterns of changed files; for pushes and pull requests.",
            Shape::OneOf(&[Shape::Texts, Shape::Section(&PATH_FILTER)]),
        ),
        Key::new(
            "status",
            "On which outcome of what comes before it runs; `success` by default.",
            Shape::Words(&["success", "failure"]),
        ),
        Key::new(
            "evaluate",
            "An expression over `CI_*`, axes and parameters that must be true, such as `CI_COMMIT_BRANCH == \"main\"`.",
            Shape::Text,
        ),
        Key::new("local", "`false`: not with `slipway run`.", Shape::Flag),
    ]],
    gone: &[("environment", "write `event: deployment`")],
    idle: &[("failure", "write `failure: ignore` on the step itself; a filter is `status: [failure]`")],
    ..Keys::NONE
};

/// `when.matrix`.
static AXES: Keys = Keys {
    name: "axes",
    about: "Axes of the matrix, with patterns of their values.",
    known: &[&[Key::new("include", "Axes that must fit.", AXIS), Key::new("exclude", "Axes that must not fit.", AXIS)]],
    rest: Some(&PATTERN),
    ..Keys::NONE
};

const AXIS: Shape = Shape::OneOf(&[Shape::Texts, Shape::Map(&PATTERN)]);

/// `when.path`.
pub(crate) static PATH_FILTER: Keys = Keys {
    name: "path_filter",
    about: "Patterns of changed files.",
    known: &[
        FILTER.known[0],
        &[
            Key::new(
                "ignore_message",
                "A commit message with this text in it fits whatever the files are.",
                Shape::Text,
            ),
            Key::new("on_empty", "Whether no changed files fit; `true` by default.", Shape::Flag),
        ],
    ],
    ..Keys::NONE
};

/// A pattern filter.
pub(crate) static FILTER: Keys = Keys {
    name: "filter",
    about: "Patterns: `*` and `?` stay within a part of a path, `**` does not.",
    known: &[&[
        Key::new("include", "One of these must fit.", Shape::Texts),
        Key::new("exclude", "None of these may fit.", Shape::Texts),
    ]],
    ..Keys::NONE
};
