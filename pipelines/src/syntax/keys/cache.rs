//! `cache`.

use super::shape::{Key, Keys, Shape};

/// An item of `cache`.
pub(crate) static CACHE: Keys = Keys {
    name: "cache",
    about: "Files that are restored before the step and saved for later builds.",
    known: &[&[
        Key::new(
            "key",
            "Names the entry; `{{ checksum \"FILE\" }}` in it is the SHA-256 of the file, `{{ platform }}` the runner's platform.",
            Shape::Text,
        ),
        Key::new(
            "restore_keys",
            "Where there is no entry of that key: beginnings of keys, in order; the newest that fits is restored.",
            Shape::Texts,
        ),
        Key::new("paths", "Files and folders, relative to the checkout; no patterns.", Shape::Texts),
    ]],
    needs: &[&["key"], &["paths"]],
    gone: &[
        ("path", "write `paths`"),
        ("folders", "write `paths`"),
        ("restore-keys", "write `restore_keys`"),
        ("fallback_keys", "write `restore_keys`"),
        ("files", "write `key: NAME-{{ checksum \"FILE\" }}`"),
        ("policy", "it is restored before the step and saved when the job has ended; remove it"),
        ("untracked", "write the folders below `paths`"),
    ],
    ..Keys::NONE
};
