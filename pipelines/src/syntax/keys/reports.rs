//! `reports`.

use super::shape::{Key, Keys, Shape};

/// `reports`.
pub(crate) static REPORTS: Keys = Keys {
    name: "reports",
    about: "Files in which tools say what they found; the server shows them.",
    known: &[&[
        Key::new("junit", "Results of tests as JUnit XML: patterns below the checkout.", Shape::Texts),
        Key::new("cobertura", "Coverage as Cobertura XML: patterns below the checkout.", Shape::Texts),
        Key::new("lcov", "Coverage as LCOV's tracefile: patterns below the checkout.", Shape::Texts),
    ]],
    gone: &[
        ("coverage_report", "write `cobertura: PATTERN`"),
        ("coverage", "write `cobertura: PATTERN` or `lcov: PATTERN`"),
        ("xunit", "write `junit`, which most tools for xUnit can write, too"),
        ("tests", "write `junit: PATTERN`"),
    ],
    ..Keys::NONE
};
