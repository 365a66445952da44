//! `artifacts` and `artifacts_from`.

use super::shape::{Key, Keys, Shape};

/// `artifacts`.
pub(super) const KEPT: Shape = Shape::OneOf(&[Shape::Texts, Shape::Section(&ARTIFACTS)]);

/// `artifacts_from`.
pub(super) const TAKEN: Shape = Shape::OneOf(&[
    Shape::Text,
    Shape::Section(&ARTIFACTS_FROM),
    Shape::List(&Shape::OneOf(&[Shape::Text, Shape::Section(&ARTIFACTS_FROM)]), 0),
]);

/// `artifacts`.
pub(crate) static ARTIFACTS: Keys = Keys {
    name: "artifacts",
    about: "Files that are kept when a step has ended.",
    known: &[&[
        Key::new("paths", "Files, folders and patterns below the checkout; one with `!` takes away.", Shape::Texts),
        Key::new(
            "on",
            "After which end of the step; `success` by default.",
            Shape::Word(&["success", "failure", "always"]),
        ),
        Key::new("expire", "How long they are kept, such as `30d`; the server's own time by default.", Shape::Duration),
    ]],
    needs: &[&["paths"]],
    gone: &[
        ("when", "write `on: always`"),
        ("exclude", "write `!PATTERN` below `paths`"),
        ("expire_in", "write `expire: 30d`"),
        ("retention", "write `expire: 30d`"),
        ("reports", "write `reports` on the step, beside `artifacts`"),
        ("name", "artifacts are named by their paths; remove it"),
        ("path", "write `paths`"),
        ("untracked", "name the files below `paths`"),
    ],
    ..Keys::NONE
};

/// An item of `artifacts_from`.
pub(crate) static ARTIFACTS_FROM: Keys = Keys {
    name: "artifacts_from",
    about: "Artifacts of a workflow that the file depends on, put into the workspace before the step starts.",
    known: &[&[
        Key::new("workflow", "Which workflow kept them; of a matrix all cells.", Shape::Text),
        Key::new("paths", "Which of them; all by default.", Shape::Texts),
        Key::new("to", "Folder below the checkout that they are put into; the checkout by default.", Shape::Text),
    ]],
    needs: &[&["workflow"]],
    gone: &[
        ("job", "write `workflow`, the name of the file"),
        ("name", "write `workflow`"),
        ("path", "write `paths` for which, and `to` for the folder"),
    ],
    ..Keys::NONE
};
