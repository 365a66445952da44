//! Sections of a file, and what workflow and step share.

use super::shape::{Key, Keys, Shape};

/// `depends_on`.
pub(super) const NEEDS: Shape = Shape::OneOf(&[
    Shape::Text,
    Shape::Section(&NEED),
    Shape::List(&Shape::OneOf(&[Shape::Text, Shape::Section(&NEED)]), 0),
]);

/// `if`.
pub(super) const IF: Shape = Shape::Word(&["always", "success", "failure"]);

/// `retry`.
pub(super) const RETRIES: Shape = Shape::OneOf(&[Shape::Whole(1, 10), Shape::Section(&RETRY)]);

/// `include`.
pub(super) const INCLUDES: Shape = Shape::OneOf(&[
    Shape::Text,
    Shape::Section(&INCLUDE),
    Shape::List(&Shape::OneOf(&[Shape::Text, Shape::Section(&INCLUDE)]), 0),
]);

/// An item of `depends_on`.
pub(crate) static NEED: Keys = Keys {
    name: "need",
    about: "Something that must be done before.",
    known: &[&[
        Key::new("name", "Of the step or workflow.", Shape::Text),
        Key::new("optional", "Whether it may be missing or left out.", Shape::Flag),
    ]],
    needs: &[&["name"]],
    ..Keys::NONE
};

/// An item of `include`.
pub(crate) static INCLUDE: Keys = Keys {
    name: "include",
    about: "A file to take keys from.",
    known: &[&[
        Key::new("file", "Path from the root of the repository.", Shape::Text),
        Key::new("repo", "Another repository of the same server, `owner/name`; this one by default.", Shape::Text),
        Key::new("ref", "Branch, tag or commit of the other repository; its default branch by default.", Shape::Text),
    ]],
    needs: &[&["file"]],
    gone: &[
        ("path", "write `file`"),
        ("local", "write `file`"),
        ("project", "write `repo`"),
        ("repository", "write `repo`"),
        ("branch", "write `ref`"),
    ],
    ..Keys::NONE
};

/// `services_from`.
pub(crate) static SERVICES_FROM: Keys = Keys {
    name: "services_from",
    about: "Services of a compose file.",
    known: &[&[
        Key::new("file", "Path of the compose file from the root of the repository.", Shape::Text),
        Key::new(
            "only",
            "Services to start, with what they depend on; all without `profiles` by default.",
            Shape::Texts,
        ),
    ]],
    needs: &[&["file"]],
    gone: &[("path", "write `file`"), ("services", "write `only`"), ("profiles", "name the services below `only`")],
    ..Keys::NONE
};

/// `retry`.
pub(crate) static RETRY: Keys = Keys {
    name: "retry",
    about: "When something is tried again.",
    known: &[&[
        Key::new("max", "Most tries after the first.", Shape::Whole(1, 10)),
        Key::new(
            "on",
            "Which ends are tried again; `lost` is for workflows.",
            Shape::OneOf(&[Shape::Like(ENDS), Shape::List(&Shape::Like(ENDS), 1)]),
        ),
        Key::new("delay", "Pause before each try, at most an hour.", Shape::Duration),
    ]],
    needs: &[&["max"]],
    gone: &[("when", "write `on`"), ("limit", "write `max`"), ("attempts", "write `max`")],
    ..Keys::NONE
};

const ENDS: &str = "^(failure|error|lost|exit: ?[0-9]{1,3})$";

/// `concurrency`.
pub(crate) static CONCURRENCY: Keys = Keys {
    name: "concurrency",
    about: "How many jobs run at once.",
    known: &[&[
        Key::new("limit", "Most jobs of the group at once; 1 by default.", Shape::Whole(1, 1000)),
        Key::new("group", "Name that workflows of the repository share; the workflow's own by default.", Shape::Text),
        Key::new(
            "cancel",
            "`superseded`: a newer build of the same ref cancels the group's jobs of older ones.",
            Shape::Word(&["superseded"]),
        ),
    ]],
    ..Keys::NONE
};

/// `workspace`.
pub(crate) static WORKSPACE: Keys = Keys {
    name: "workspace",
    about: "Where the shared volume and the checkout are.",
    known: &[&[
        Key::new("base", "Absolute path where the shared volume is mounted.", Shape::Text),
        Key::new("path", "Path of the checkout, relative to the base.", Shape::Text),
    ]],
    ..Keys::NONE
};

/// `matrix`.
pub(crate) static MATRIX: Keys = Keys {
    name: "matrix",
    about: "Axes with their values; each combination is a job.",
    known: &[&[
        Key::new("include", "Whole cells: all there are, or beside axes more of them.", Shape::List(&CELL, 1)),
        Key::new("exclude", "Cells that are left out: those that have all of these values.", Shape::List(&CELL, 0)),
    ]],
    rest: Some(&Shape::List(&Shape::Text, 1)),
    ..Keys::NONE
};

const CELL: Shape = Shape::Map(&Shape::Text);

/// What `type` of a parameter takes.
pub(crate) const PARAMETER_TYPES: &[&str] = &["string", "choice", "bool", "number"];

/// A definition of `parameters`.
pub(crate) static PARAMETER: Keys = Keys {
    name: "parameter",
    about: "What a manual build can be given under one name.",
    known: &[&[
        Key::new("type", "What it takes; by default what `options` or `default` tell.", Shape::Word(PARAMETER_TYPES)),
        Key::new("options", "What a choice is made from.", Shape::List(&Shape::Text, 1)),
        Key::new(
            "default",
            "Value of every build that is not given one; without it a manual build must give one.",
            Shape::Text,
        ),
        Key::new("description", "For people.", Shape::Text),
    ]],
    gone: &[("required", "a parameter without a `default` is required; remove it"), ("values", "write `options`")],
    ..Keys::NONE
};
